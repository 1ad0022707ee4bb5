"""`intern-rl plan`: would a configuration run on its cluster? Answered without the cluster.

The policy is built on the meta device and sharded as in training over a fake process group of the
cluster's size, so the parameters of the fullest rank are counted, not estimated: a dimension that
is shorter than the number of ranks leaves some ranks with nothing and one with a whole row. What
follows from it:

    training  = (weights + gradients + optimiser) of the shard + reference and token reward model
                + two gathered blocks + activations + logits of a micro-batch
    rollouts  = (weights of the copy + KV cache of the responses in flight) / rollout_parallel,
                where the cache splits over the key/value heads at most

Training and rollouts take turns on the same devices (colocated), so each must fit by itself beside
the shard of the optimiser. With `[workers]` that have accelerators of their own, a rollout worker
holds a whole copy of the policy and nothing else. Activations are an estimate: with recomputation a
layer keeps its input, and the layer at work needs about `ACTIVE_VALUES` values per token and unit
of hidden size.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from rich.console import Console
from rich.table import Table
from torch.distributed.device_mesh import init_device_mesh
from torch.testing._internal.distributed.fake_pg import FakeStore

from intern_rl.config import ClusterConfig, RunConfig, WorkersConfig
from intern_rl.models import describe_config, make_architecture, without_initialization
from intern_runs import ConfigError, load_config
from oreal_rl import OrealConfig
from oreal_rl.distributed import in_module_list, shard
from oreal_rl.errors import OrealError

GIB = 2**30
BYTES = {"float32": 4, "bfloat16": 2, "float8": 1}
ACTIVE_VALUES = (
    34  # per token and unit of hidden size, Korthikanti et al. (arXiv 2205.05198), sec. 4
)
WORKER_ROWS = 1024  # most rollouts that a worker's sampler generates at once
RESERVE = 0.08  # of a device's memory: context, communication buffers, fragmentation


@dataclass(frozen=True)
class Check:
    """One thing that must hold."""

    name: str
    holds: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the sharded model looks like.

    Attributes:
        parameters: In all.
        per_rank: On the fullest rank.
        largest_block: Of the block that is gathered as one, in parameters.
        ideal: Per rank, if all dimensions divided evenly.
    """

    parameters: int
    per_rank: int
    largest_block: int
    ideal: float


def check_plan(path: Path, assignments: Sequence[str], *, as_json: bool) -> None:
    """Check a configuration and print what was found.

    Args:
        path: TOML file with a table [cluster].
        assignments: `key=value` changes.
        as_json: Print JSON in place of tables.

    Raises:
        ConfigError: If the configuration is wrong, or anything does not fit.
    """
    config = load_config(RunConfig, path, assignments)
    if config.cluster is None:
        raise ConfigError(f"{path}: no table [cluster]; add one with nodes and devices_per_node")
    if config.policy is None:
        raise ConfigError(f"{path}: no table [policy]; a cluster run starts from a saved policy")
    model_config = describe_config(config.policy.path, dict(config.policy.architecture))
    text = model_config.get_text_config()
    settings = config.rl.oreal_config(seed=config.seed)
    layout = lay_out(model_config, config.cluster)
    workers = config.workers
    memory = memory_needed(text, layout, config.cluster, settings, workers)
    checks = [
        *divisibility(text, config.cluster, settings),
        *fits(memory, config.cluster, workers),
        *busy_workers(config.cluster, settings, workers),
    ]
    if as_json:
        value = {
            "layout": vars(layout),
            "memory_gib": memory,
            "checks": [vars(check) for check in checks],
        }
        Console().print_json(json.dumps(value))
    else:
        _show(config.cluster, layout, memory, checks, workers)
    failed = [check.text for check in checks if not check.holds]
    if failed:
        raise ConfigError(f"{path}: {len(failed)} of {len(checks)} checks failed: {failed[0]}")


def lay_out(model_config: Any, cluster: ClusterConfig) -> Layout:
    """Shard the model over a fake process group and count.

    Args:
        model_config: Of transformers.
        cluster: Sizes.

    Returns:
        Counts of parameters.

    Raises:
        ConfigError: If the experts cannot be spread over the ranks.
    """
    world = cluster.nodes * cluster.devices_per_node
    with torch.device("meta"), without_initialization():
        model = make_architecture(model_config)
    total = sum(parameter.numel() for parameter in model.parameters())
    blocks = [m for name, m in model.named_modules() if in_module_list(name, m, model)]
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=world)
    try:
        mesh = init_device_mesh("cpu", (world,))
        shard(model, mesh=mesh, expert_parallel=cluster.expert_parallel)
        per_rank = sum(_local_size(p) for p in model.parameters())
        largest = max(_gathered_size(block, cluster.expert_parallel) for block in blocks)
    except OrealError as error:
        raise ConfigError(f"cluster.expert_parallel: {error}") from None
    finally:
        dist.destroy_process_group()
    return Layout(parameters=total, per_rank=per_rank, largest_block=largest, ideal=total / world)


def _local_size(parameter: Any) -> int:
    local = parameter.to_local() if hasattr(parameter, "to_local") else parameter
    return local.numel()


def _gathered_size(block: Any, expert_parallel: bool) -> int:
    """What a forward pass gathers of a block; spread experts stay where they are."""
    return sum(
        parameter.numel()
        for name, parameter in block.named_parameters()
        if not (expert_parallel and ".experts." in f".{name}")
    )


def memory_needed(
    text: Any,
    layout: Layout,
    cluster: ClusterConfig,
    settings: OrealConfig,
    workers: WorkersConfig | None = None,
) -> dict[str, float]:
    """Memory per device in GiB, by what it is for; see the module's docstring.

    Args:
        text: Configuration of the text model.
        layout: From `lay_out`.
        cluster: Sizes and dtypes.
        settings: Of the trainer.
        workers: Who draws the rollouts; by default the ranks.

    Returns:
        Parts, and the sums `training` and `rollouts`, the latter per rollout worker where there are
        such.
    """
    weight, rollout = BYTES[cluster.train_dtype], BYTES[cluster.rollout_dtype]
    tokens = cluster.micro_batch_tokens
    kept = 1 if cluster.checkpointing else ACTIVE_VALUES
    activations = tokens * text.hidden_size * weight * (kept * text.num_hidden_layers)
    if cluster.checkpointing:
        activations += tokens * text.hidden_size * weight * ACTIVE_VALUES
    copies = float(settings.kl_coef > 0 and settings.kl_reference == "initial")
    token_model = 0.0 if settings.token_reward == "none" else 2 * weight + cluster.optimizer_bytes
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cached = 2 * text.num_hidden_layers * text.num_key_value_heads * width
    length = settings.max_prompt_tokens + settings.max_new_tokens
    share, in_flight = cluster.rollout_parallel, cluster.rollouts_in_flight
    apart = False
    if workers is not None and workers.rollout:
        apart, share = True, 1
        in_flight = min(workers.chunk_prompts * settings.group_size, WORKER_ROWS)
    parts = {
        "weights": layout.per_rank * weight,
        "gradients": layout.per_rank * weight,
        "optimizer": layout.per_rank * cluster.optimizer_bytes,
        "reference": layout.per_rank * weight * copies,
        "token reward model": layout.per_rank * token_model,
        "gathered blocks": 2 * layout.largest_block * weight,
        "activations": activations,
        "logits": 2 * tokens * text.vocab_size * 4,
        "rollout weights": layout.parameters * rollout / share,
        # More ranks than key/value heads hold copies of them.
        "rollout KV cache": in_flight
        * length
        * cached
        * rollout
        / min(share, text.num_key_value_heads),
    }
    gib = {name: size / GIB for name, size in parts.items()}
    gib["training"] = sum(v for name, v in gib.items() if not name.startswith("rollout"))
    # While responses are drawn, the optimiser's shard and the fp32 weights stay where they are.
    resident = gib["optimizer"] + gib["weights"] + gib["reference"] + gib["token reward model"]
    gib["rollouts"] = (
        (0.0 if apart else resident) + gib["rollout weights"] + gib["rollout KV cache"]
    )
    return gib


def fits(
    memory: dict[str, float], cluster: ClusterConfig, workers: WorkersConfig | None = None
) -> list[Check]:
    """Whether each phase fits a device, less a reserve; rollouts on CPU workers need none."""
    room = cluster.device_memory_gib * (1 - RESERVE)
    remedies = {
        "training": "use more nodes, expert_parallel or checkpointing, or fewer micro_batch_tokens",
        "rollouts": "raise rollout_parallel, or lower rollouts_in_flight or max_new_tokens",
    }
    if workers is not None and workers.rollout:
        remedies["rollouts"] = "lower workers.chunk_prompts or max_new_tokens"
        if not workers.rollout_gpus:
            del remedies["rollouts"]
    return [
        Check(
            f"{phase} fits",
            memory[phase] <= room,
            f"{phase} needs {memory[phase]:.1f} GiB per device, {room:.1f} of "
            f"{cluster.device_memory_gib:g} are there; {remedy}",
        )
        for phase, remedy in remedies.items()
    ]


def busy_workers(
    cluster: ClusterConfig, settings: OrealConfig, workers: WorkersConfig
) -> list[Check]:
    """Whether a step has a piece of work for each worker."""
    world = cluster.nodes * cluster.devices_per_node
    pieces = world * math.ceil(max(settings.prompts_per_step // world, 1) / workers.chunk_prompts)
    counts = {"rollout": workers.rollout, "verifier": workers.verifier}
    return [
        Check(
            f"every {kind} worker has work",
            pieces >= count,
            f"{count} {kind} workers share {pieces} pieces of work per step; lower "
            f"workers.chunk_prompts or workers.{kind}",
        )
        for kind, count in counts.items()
        if count
    ]


def divisibility(text: Any, cluster: ClusterConfig, settings: OrealConfig) -> list[Check]:
    """What must divide or not exceed what.

    Args:
        text: Configuration of the text model.
        cluster: Sizes.
        settings: Of the trainer.

    Returns:
        One check each.
    """
    world = cluster.nodes * cluster.devices_per_node
    prompts, length = (
        settings.prompts_per_step,
        settings.max_prompt_tokens + settings.max_new_tokens,
    )
    share = cluster.rollout_parallel
    checks = [
        _divides("prompts per step", prompts, "ranks", world, "set rl.oreal.prompts_per_step"),
        _divides("ranks", world, "rollout_parallel", share, "set cluster.rollout_parallel"),
        Check(
            "mini-batches",
            prompts // world >= settings.num_minibatches,
            f"{prompts // world} prompts per rank for {settings.num_minibatches} mini-batches; "
            "raise prompts_per_step or lower num_minibatches",
        ),
        Check(
            "micro-batch holds a response",
            cluster.micro_batch_tokens >= length,
            f"micro_batch_tokens is {cluster.micro_batch_tokens:,}, the longest prompt and "
            f"response have {length:,} tokens; raise cluster.micro_batch_tokens",
        ),
        Check(
            "context",
            text.max_position_embeddings >= length,
            f"the model knows {text.max_position_embeddings:,} positions, the longest prompt and "
            f"response have {length:,}; lower max_new_tokens",
        ),
        _divides(
            "attention heads", text.num_attention_heads, "rollout_parallel", share, "lower it"
        ),
    ]
    experts = getattr(text, "num_experts", None)
    if experts and cluster.expert_parallel:
        checks.append(
            _divides("experts", experts, "ranks", world, "change nodes or expert_parallel")
        )
    return checks


def _divides(what: str, number: int, by: str, divisor: int, remedy: str) -> Check:
    return Check(
        f"{what} over {by}",
        number % divisor == 0,
        f"{what} ({number:,}) is no multiple of {by} ({divisor}); {remedy}",
    )


def _show(
    cluster: ClusterConfig,
    layout: Layout,
    memory: dict[str, float],
    checks: list[Check],
    workers: WorkersConfig,
) -> None:
    console = Console()
    world = cluster.nodes * cluster.devices_per_node
    console.print(
        f"{layout.parameters:,} parameters on {cluster.nodes} x {cluster.devices_per_node} = "
        f"{world} ranks; the fullest holds {layout.per_rank:,} "
        f"({layout.per_rank / layout.ideal:.2f} of an even share)",
        highlight=False,
    )
    if workers.are_used:
        console.print(
            f"beside them {workers.rollout} rollout workers with {workers.rollout_gpus:g} "
            f"accelerators each and {workers.verifier} verifier workers, one CPU each",
            highlight=False,
        )
    table = Table("per device", "GiB")
    for name, size in memory.items():
        if name in ("training", "rollouts"):
            table.add_section()
        table.add_row(name, f"{size:.2f}")
    console.print(table)
    for check in checks:
        sign = "[green]holds[/green]" if check.holds else "[red]fails[/red]"
        console.print(f"{sign}  {check.name}" + ("" if check.holds else f": {check.text}"))
