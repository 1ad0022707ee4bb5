"""Training on several processes: FSDP2 placement, rollouts from a replica, DCP checkpoints.

Every process samples, verifies and weighs its own share of the prompts. Counts that normalise the
loss are summed over processes, and a process that has fewer micro-batches than another runs empty
ones, so that all take part in the same collectives and the update equals that of one process with
all the rollouts (KL-Cov apart, which ranks tokens within a process).

The sharded policy is never sampled from: generation lengths differ between processes, and a forward
pass of a sharded model is a collective. `ReplicaSampler` draws from a whole copy per process.

    torchrun --nproc-per-node 2 train.py:
        ranks = ProcessRanks()
        sampler = ReplicaSampler(copy.deepcopy(policy), tokenizer)
        reference = shard(copy.deepcopy(policy))
        trainer = OrealTrainer(policy=shard(policy), sampler=sampler, reference=reference,
                               ranks=ranks, ...)
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from oreal_rl.errors import StateError
from oreal_rl.expert_parallel import parallelize_experts
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.samplers.kv_loop import KVLoopSampler
from oreal_rl.trainer import OrealTrainer
from oreal_rl.types import Prompt, Rollout


class ProcessRanks:
    """Ranks of a process group.

    Args:
        group: Process group of the data-parallel processes; default: all.
        device: Device of the reductions: "cpu" for gloo, the process' GPU for NCCL.
    """

    def __init__(self, group: Any = None, *, device: torch.device | str = "cpu") -> None:
        self.group = group
        self.device = device

    @property
    def rank(self) -> int:
        """This process, from 0."""
        return dist.get_rank(self.group)

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return dist.get_world_size(self.group)

    def sum(self, values: Sequence[float]) -> list[float]:
        """Add values over all processes, in float64."""
        data = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        dist.all_reduce(data, group=self.group)
        return data.tolist()

    def max(self, value: int) -> int:
        """Largest value over all processes."""
        data = torch.tensor(value, dtype=torch.int64, device=self.device)
        dist.all_reduce(data, op=dist.ReduceOp.MAX, group=self.group)
        return int(data)


def in_module_list(name: str, module: nn.Module, model: nn.Module) -> bool:
    """Whether a module is a direct child of a `ModuleList`: a transformer block, usually."""
    parent, _, _ = name.rpartition(".")
    return bool(name) and isinstance(model.get_submodule(parent), nn.ModuleList)


def shard(
    model: nn.Module,
    *,
    mesh: DeviceMesh | None = None,
    is_block: Callable[[str, nn.Module, nn.Module], bool] = in_module_list,
    compute_dtype: torch.dtype | None = None,
    expert_parallel: bool = False,
) -> nn.Module:
    """Shard a model's parameters over processes, block by block, in place (FSDP2).

    Args:
        model: Same weights on every process.
        mesh: One-dimensional mesh of the data-parallel processes; default: all.
        is_block: `is_block(name, module, model)`: which modules are gathered as one.
        compute_dtype: Forward and backward in this dtype; parameters stay float32.
        expert_parallel: Give each process its own experts in place of gathering all of them for
            every forward pass, see `expert_parallel.py`.

    Returns:
        The model; its parameters are DTensors now.

    Raises:
        ConfigError: For `expert_parallel` on a model whose experts cannot be spread.
    """
    policy = MixedPrecisionPolicy(param_dtype=compute_dtype)
    mesh = mesh or init_device_mesh(next(model.parameters()).device.type, (dist.get_world_size(),))
    own = set(parallelize_experts(model, mesh)) if expert_parallel else set()
    # Innermost first: a nested block (an expert in a layer) is its own unit.
    blocks = [m for name, m in model.named_modules() if is_block(name, m, model)]
    for block in reversed(blocks):
        fully_shard(block, mesh=mesh, mp_policy=policy, ignored_params=own)
    fully_shard(model, mesh=mesh, mp_policy=policy, ignored_params=own)
    return model


class ReplicaSampler:
    """Draws from a whole copy of the policy; `sync` gathers the sharded weights into it.

    Args:
        replica: An unsharded copy, on this process' device.
        tokenizer: Decodes responses.
        max_batch_rows: Most rollouts generated at once.
    """

    def __init__(
        self, replica: nn.Module, tokenizer: Tokenizer, *, max_batch_rows: int = 1024
    ) -> None:
        self.replica = replica
        self.loop = KVLoopSampler(replica, tokenizer, max_batch_rows=max_batch_rows)

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw from the replica; see `protocols.Sampler`.

        Args:
            prompt_ids: Token ids of each prompt.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws.
            prompts: The prompts themselves.

        Returns:
            Rollouts per prompt, in order.
        """
        return self.loop.sample(
            prompt_ids, num_samples=num_samples, params=params, seed=seed, prompts=prompts
        )

    def sync(self, policy: nn.Module, version: int) -> None:
        """Gather the weights; every process must call it.

        Args:
            policy: The sharded policy.
            version: Number of updates so far.
        """
        self.load_weights(_gather(policy), version)

    def load_weights(self, state: dict[str, torch.Tensor], version: int) -> None:
        """Take whole weights by name.

        Args:
            state: As from `state_dict()` of an unsharded copy.
            version: Number of updates so far.
        """
        self.replica.load_state_dict(state)
        self.loop.version = version


def _gather(policy: nn.Module) -> dict[str, torch.Tensor]:
    """Whole weights on every process."""
    return {
        name: value.full_tensor() if hasattr(value, "full_tensor") else value
        for name, value in policy.state_dict().items()
    }


def save_checkpoint(trainer: OrealTrainer, folder: str | Path) -> None:
    """Save a trainer with torch DCP; every process must call it (one process alone may, too).

    The folder appears under its name only once it is complete, so that a process killed while
    saving leaves no half checkpoint behind.

    Args:
        trainer: The trainer.
        folder: New folder; its parent must exist.

    Raises:
        StateError: Where the folder exists, or cannot be written (a full disk).
    """
    folder = Path(folder)
    if folder.exists():
        raise StateError(f"{folder} exists; save into a new folder or remove it")
    partial = folder.with_name(folder.name + ".partial")
    failure: BaseException | None = None
    try:
        with _alone():
            dcp.save(_layout(trainer), checkpoint_id=str(partial))
    except (OSError, RuntimeError, dcp.CheckpointException) as error:  # a full disk, usually
        failure = error
    failed = trainer.ranks.max(int(failure is not None))  # nobody goes on before all have written
    if trainer.ranks.rank == 0:
        if failed:
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.rename(folder)
    trainer.ranks.max(0)  # nobody goes on before the folder has its name
    if failed:
        raise StateError(
            f"{folder} could not be saved ({failure or 'on another process'}); what was written "
            "was removed, older checkpoints and the run are untouched; free some space and save "
            "again"
        ) from failure


@contextmanager
def _alone() -> Iterator[None]:
    """DCP warns a process that has no process group, which here is meant."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield


def load_checkpoint(trainer: OrealTrainer, folder: str | Path) -> None:
    """Continue from `save_checkpoint`; every process must call it.

    Args:
        trainer: Made with the config, architecture and number of processes of the saved run.
        folder: The checkpoint.

    Raises:
        StateError: Where there is no such folder, or it belongs to another kind of run.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StateError(f"{folder} is not a folder; expected one written by save_checkpoint")
    trainer.prepare_optimizers()
    layout = _layout(trainer)
    try:
        with _alone():
            dcp.load(layout, checkpoint_id=str(folder))
    except (RuntimeError, dcp.CheckpointException, KeyError) as error:
        raise StateError(
            f"{folder} does not fit this trainer ({error}); resume with the config and the number "
            "of processes of the saved run"
        ) from error
    own = json.loads(layout[_own(trainer)])
    trainer.load_state_dict({**layout["tensors"], **own})


TENSOR_PARTS = (
    "policy",
    "optimizer",
    "reference",
    "token_reward_model",
    "token_reward_optimizer",
)


def _own(trainer: OrealTrainer) -> str:
    return f"rank_{trainer.ranks.rank}_of_{trainer.ranks.world_size}"


def _layout(trainer: OrealTrainer) -> dict[str, Any]:
    """Sharded tensors under one key, what each process has for itself under another."""
    state = trainer.state_dict()
    tensors = {name: state.pop(name) for name in TENSOR_PARTS if name in state}
    # As one text: DCP loads into the keys it is shown, and counters come and go.
    return {"tensors": tensors, _own(trainer): json.dumps(state)}
