"""Several processes under torchrun: each takes its share of every batch, the first one writes.

    torchrun --nproc-per-node 2 -m intern_detection_kd.main train --config run.toml --output run

Without torchrun there is one worker and nothing here does anything. Gradients and logged losses are
averaged over workers, so a step is that of the whole batch but for batch norm, whose statistics are
each worker's own.
"""

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from rich.console import Console
from torch import Tensor, distributed, nn

from intern_runs import ConfigError, RunFolder


class Workers:
    """This process among the workers of a run.

    Args:
        rank: Number of this process, from 0.
        size: Number of processes.
        device: Where it computes.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str = "cpu") -> None:
        self.rank, self.size, self.device = rank, size, torch.device(device)

    @classmethod
    def join(cls) -> "Workers":
        """Join the group that torchrun's environment describes, or be alone."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        device = f"cuda:{local}" if torch.cuda.is_available() else "cpu"
        if size == 1:
            return cls(device=device)
        distributed.init_process_group("nccl" if device != "cpu" else "gloo")
        return cls(distributed.get_rank(), size, device)

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, indices: list[int]) -> list[int]:
        """This worker's part of a batch.

        Raises:
            ConfigError: If there are fewer images than workers.
        """
        if len(indices) < self.size:
            raise ConfigError(
                f"optimizer.batch_size {len(indices)} is smaller than the {self.size} workers"
            )
        return indices[self.rank :: self.size]

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Average tensors over workers, in place."""
        if self.size > 1:
            for tensor in tensors:
                distributed.all_reduce(tensor)
                tensor /= self.size

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average gradients; a parameter without one on this worker counts as zero."""
        if self.size > 1:
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                self.average([parameter.grad])

    def wait(self) -> None:
        """Wait until every worker is here."""
        if self.size > 1:
            distributed.barrier()

    def close(self) -> None:
        """Leave the group."""
        if self.size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()

    def console(self) -> Console | None:
        """Where to draw progress; the others draw nowhere."""
        return None if self.is_first else Console(file=io.StringIO())


class FollowerFolder(RunFolder):
    """The run folder as the other workers see it: they read, the first one writes."""

    def write_text(self, name: str, text: str) -> None:
        """Left to the first worker."""

    def log(self, stage: str, step: int, values: Mapping[str, Any], *, seconds: float) -> None:
        """Left to the first worker."""

    def save(self, stage: str, step: int, state: Mapping[str, Any]) -> None:
        """Left to the first worker."""

    def finish(self, stage: str, result: Mapping[str, Any]) -> None:
        """Left to the first worker."""
