"""The run folder: what a run leaves behind and what it needs to go on after a kill.

```text
RUN/
  config.json        resolved configuration
  versions.json      Python, packages, git revision, machine
  metrics.jsonl      one object per step and stage; `seconds` is the only clock value
  tensorboard/       the same scalars
  state/STAGE-NNNNNN.safetensors    the last two step checkpoints of the stage under way
  done/STAGE.json    the result of a finished stage
```

A checkpoint records how long `metrics.jsonl` was; resuming cuts the file back to that length, so
that a resumed run's metrics are those of an uninterrupted one.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from intern_runs.errors import CheckpointError, RunFolderError

KEPT_STATES = 2


class RunFolder:
    """One run on disk.

    Args:
        path: The folder; made by `create`, found by `open`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: Any = None

    @classmethod
    def create(cls, path: str | Path, config: BaseModel, packages: tuple[str, ...]) -> "RunFolder":
        """Make a new run folder and record configuration and versions.

        Raises:
            RunFolderError: If the folder holds a run already or cannot be made.
        """
        folder = cls(Path(path))
        if (folder.path / "config.json").exists():
            raise RunFolderError(f"{path}: holds a run already; resume it with --resume {path}")
        try:
            for name in ("state", "done"):
                (folder.path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"{path}: cannot make the run folder: {error.strerror}") from None
        folder.write_json("versions.json", versions(packages))
        folder.write_json("config.json", config.model_dump(mode="json"))
        return folder

    @classmethod
    def open(cls, path: str | Path) -> "RunFolder":
        """Find a run to resume.

        Raises:
            RunFolderError: If the folder holds no run.
        """
        folder = cls(Path(path))
        if not (folder.path / "config.json").is_file():
            raise RunFolderError(f"{path}: no run to resume (config.json is missing)")
        return folder

    def config(self) -> dict[str, Any]:
        """The resolved configuration that the run was made with."""
        return self.read_json("config.json")

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run.

        Raises:
            CheckpointError: If it is damaged.
        """
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path / name}: cannot be read: {error}") from None

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file of the run atomically."""
        self.write_text(name, json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the run atomically."""
        path = self.path / name
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def log(self, stage: str, step: int, values: Mapping[str, Any], *, seconds: float) -> None:
        """Append one line to `metrics.jsonl`, and its numbers to TensorBoard.

        Args:
            stage: Name of the stage.
            step: Step within the stage, from 1.
            values: Plain JSON values, equal from run to run.
            seconds: Wall-clock of the step, in seconds: the one value that differs between runs.
        """
        line = {"stage": stage, "step": step, **values, "seconds": round(seconds, 3)}
        with self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in values.items():
            if isinstance(value, int | float):
                self._tensorboard().add_scalar(f"{stage}/{name}", value, step)

    def metrics(self, stage: str | None = None) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`, of one stage or of all."""
        if not self.metrics_path.exists():
            return []
        lines = [json.loads(line) for line in self.metrics_path.read_text().splitlines()]
        return [line for line in lines if stage is None or line["stage"] == stage]

    @property
    def metrics_path(self) -> Path:
        """Where the metrics stand."""
        return self.path / "metrics.jsonl"

    def save(self, stage: str, step: int, state: Mapping[str, Any]) -> None:
        """Keep a step checkpoint, and the one before it."""
        length = self.metrics_path.stat().st_size if self.metrics_path.exists() else 0
        kept = {"step": step, "metrics_bytes": length, "state": dict(state)}
        from intern_runs.state import save_state  # loads torch

        save_state(kept, self.path / "state" / f"{stage}-{step:06d}.safetensors")
        for old in self._states(stage)[:-KEPT_STATES]:
            old.unlink(missing_ok=True)

    def restore(self, stage: str) -> tuple[int, dict[str, Any]] | None:
        """The last step checkpoint of a stage, with `metrics.jsonl` cut back to it.

        Returns:
            (step, state), or None if the stage has none.

        Raises:
            CheckpointError: If the checkpoint is damaged.
        """
        states = self._states(stage)
        if not states:
            self._cut_metrics(stage)
            return None
        from intern_runs.state import load_state  # loads torch

        kept = load_state(states[-1])
        if self.metrics_path.exists():
            if self.metrics_path.stat().st_size < kept["metrics_bytes"]:
                raise CheckpointError(
                    f"{self.metrics_path}: shorter than its checkpoint {states[-1]}"
                )
            os.truncate(self.metrics_path, kept["metrics_bytes"])
        return kept["step"], kept["state"]

    def finish(self, stage: str, result: Mapping[str, Any]) -> None:
        """Record a stage's result and drop its step checkpoints."""
        self.write_json(f"done/{stage}.json", dict(result))
        for state in self._states(stage):
            state.unlink(missing_ok=True)

    def result(self, stage: str) -> dict[str, Any] | None:
        """What `finish` recorded, or None if the stage has not finished."""
        if not (self.path / "done" / f"{stage}.json").exists():
            return None
        return self.read_json(f"done/{stage}.json")

    def close(self) -> None:
        """Flush and close the TensorBoard writer."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _states(self, stage: str) -> list[Path]:
        return sorted((self.path / "state").glob(f"{stage}-*.safetensors"))

    def _cut_metrics(self, stage: str) -> None:
        """Drop lines of a stage that was killed before its first checkpoint."""
        lines = self.metrics()
        kept = [line for line in lines if line["stage"] != stage]
        if len(kept) < len(lines):
            self.write_text("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    def _tensorboard(self) -> Any:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.path / "tensorboard"))
        return self._writer


def versions(packages: tuple[str, ...]) -> dict[str, Any]:
    """Python, package versions, git revision and machine, for the record of a run."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpu_count": os.cpu_count(),
        "packages": {name: metadata.version(name) for name in packages},
        "git_revision": _git("rev-parse", "HEAD"),
        "git_changes": bool(_git("status", "--porcelain")),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
