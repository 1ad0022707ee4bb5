"""Where a policy lives in training: whole in one process, or sharded over the ranks of torchrun.

A placement gives the trainer its parts and keeps its checkpoints. One process writes one
safetensors file per step; ranks write a DCP folder each step in which every rank has its shard, and
beside it what each rank alone knows.
"""

import copy
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist

from intern_rl.config import RunConfig
from intern_runs import CheckpointError, RunFolder
from oreal_rl import OrealTrainer
from oreal_rl.distributed import (
    ProcessRanks,
    ReplicaSampler,
    load_checkpoint,
    save_checkpoint,
    shard,
)
from oreal_rl.errors import StateError
from oreal_rl.token_reward import make_token_reward_model

KEPT_STATES = 2
WAIT = timedelta(hours=4)
"""Longest wait of a rank for the others: rank 0 evaluates alone."""
SUMMED = ("count/", "rollouts_trained")


class Placement(Protocol):
    """What online training asks of a placement."""

    is_first: bool
    world_size: int

    def parts(self) -> dict[str, Any]:
        """Policy, and sampler, reference and ranks where the trainer shall not make its own."""
        ...

    def together(self, value: Any) -> list[Any]:
        """A plain value of every rank, in the order of ranks."""
        ...

    def save(self, run: RunFolder, stage: str, step: int, trainer: OrealTrainer, own: Any) -> None:
        """Keep a step checkpoint, with what this rank alone knows."""
        ...

    def restore(self, run: RunFolder, stage: str, trainer: OrealTrainer) -> Any:
        """Load the last step checkpoint; what `own` was, or None without one."""
        ...


class OneProcess:
    """The whole policy in this process."""

    is_first = True
    world_size = 1

    def __init__(self, policy: Any) -> None:
        self.policy = policy

    def parts(self) -> dict[str, Any]:
        """The policy."""
        return {"policy": self.policy}

    def together(self, value: Any) -> list[Any]:
        """The value alone."""
        return [value]

    def save(self, run: RunFolder, stage: str, step: int, trainer: OrealTrainer, own: Any) -> None:
        """Write one file."""
        run.save(stage, step, {"trainer": trainer.state_dict(), **own})

    def restore(self, run: RunFolder, stage: str, trainer: OrealTrainer) -> Any:
        """Read the last file."""
        restored = run.restore(stage)
        if restored is None:
            return None
        state = restored[1]
        trainer.load_state_dict(state.pop("trainer"))
        return state


class Sharded:
    """A shard of the policy on each rank, and a whole copy to draw responses from.

    Args:
        policy: The same whole policy on every rank; sharded in place.
        tokenizer: Decodes responses.
        config: Says whether a reference and a token reward model are needed and experts are
            spread.
    """

    def __init__(self, policy: Any, tokenizer: Any, config: RunConfig) -> None:
        settings = config.rl.oreal_config(seed=config.seed)
        spread = config.cluster is not None and config.cluster.expert_parallel
        self.ranks = ProcessRanks(device=device_of_rank())
        self.is_first, self.world_size = self.ranks.rank == 0, self.ranks.world_size
        self.sampler = ReplicaSampler(copy.deepcopy(policy), tokenizer)
        self.reference = None
        if settings.kl_coef > 0 and settings.kl_reference == "initial":
            self.reference = shard(copy.deepcopy(policy), expert_parallel=spread)
        self.token_reward_model = None
        if settings.token_reward != "none":
            self.token_reward_model = shard(make_token_reward_model(policy), expert_parallel=spread)
        self.policy = shard(policy, expert_parallel=spread)

    def parts(self) -> dict[str, Any]:
        """All that the trainer cannot copy from a shard."""
        return {
            "policy": self.policy,
            "sampler": self.sampler,
            "reference": self.reference,
            "token_reward_model": self.token_reward_model,
            "ranks": self.ranks,
        }

    def together(self, value: Any) -> list[Any]:
        """The value of every rank; a collective."""
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, json.dumps(value))
        return [json.loads(item) for item in values]

    def save(self, run: RunFolder, stage: str, step: int, trainer: OrealTrainer, own: Any) -> None:
        """Write a folder; it has its name only once all ranks have written their part."""
        folder = run.path / "state" / f"{stage}-{step:06d}"
        if self.is_first and folder.exists():
            shutil.rmtree(folder)
        metrics = run.metrics_path
        length = metrics.stat().st_size if metrics.exists() else 0
        name = f"{stage}-{step:06d}.rank-{self.ranks.rank}.json"
        run.write_json(f"state/{name}", {"own": own, "metrics_bytes": length})
        self.ranks.max(0)
        save_checkpoint(trainer, folder)
        if self.is_first:
            self.clear(run, stage, keep=KEPT_STATES)

    def restore(self, run: RunFolder, stage: str, trainer: OrealTrainer) -> Any:
        """Load the last folder that all ranks finished."""
        folders = _folders(run, stage)
        if not folders:
            if self.is_first:
                run.restore(stage)  # drops lines of a stage that was killed before its first save
            return None
        try:
            load_checkpoint(trainer, folders[-1])
        except StateError as error:
            raise CheckpointError(str(error)) from None
        mine = run.read_json(f"state/{folders[-1].name}.rank-{self.ranks.rank}.json")
        if self.is_first and run.metrics_path.exists():
            os.truncate(run.metrics_path, mine["metrics_bytes"])
        self.ranks.max(0)
        self.sampler.sync(self.policy, trainer.version)
        return mine["own"]

    def clear(self, run: RunFolder, stage: str, *, keep: int = 0) -> None:
        """Remove a stage's step checkpoints but for the last few; for rank 0."""
        folders = _folders(run, stage)
        for old in folders[: len(folders) - keep]:
            shutil.rmtree(old)
            for mine in old.parent.glob(f"{old.name}.rank-*.json"):
                mine.unlink()

    def whole_policy(self) -> Any:
        """The whole policy with the newest weights; a collective."""
        self.sampler.sync(self.policy, self.sampler.loop.version)
        return self.sampler.replica


def _folders(run: RunFolder, stage: str) -> list[Path]:
    found = (run.path / "state").glob(f"{stage}-*")
    return sorted(path for path in found if path.is_dir() and path.suffix == "")


def is_on_ranks() -> bool:
    """Whether torchrun started this process with others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def device_of_rank() -> torch.device:
    """This rank's accelerator, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def start_ranks() -> None:
    """Join the other processes that torchrun started."""
    device = device_of_rank()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=WAIT)


def merged(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Metrics of all ranks as one: counts are added, everything else is averaged.

    Args:
        values: One dict per rank; a rank without a metric (a task it did not meet) has no say.

    Returns:
        The merged metrics; of one rank, its own.
    """
    if len(values) == 1:
        return values[0]
    names = dict.fromkeys(name for value in values for name in value)
    result: dict[str, Any] = {}
    for name in names:
        found = [value[name] for value in values if name in value]
        if isinstance(found[0], list):
            result[name] = [sum(column) for column in zip(*found, strict=True)]
        elif name.startswith(SUMMED):
            result[name] = sum(found)
        else:
            result[name] = sum(found) / len(found)
    return result
