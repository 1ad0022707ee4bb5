"""Forking a run: another run from where the online stage begins, with other settings.

What comes before (corpus, tokenizer, checkpoints, evaluation) is copied, so that two forks differ
by their settings alone and their evaluations before are the same.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from intern_rl.config import RunConfig
from intern_rl.pipeline import packages_of
from intern_rl.workers import require_ray
from intern_runs import CheckpointError, ConfigError, RunFolder, RunFolderError, load_config

LATER = ("rl", "evaluate-after")
LEFT_BEHIND = ("state", "tensorboard", "groups", "report.html", "versions.json", "config.json")
MAY_CHANGE = ("rl", "rewards", "workers", "evaluation", "threads", "cluster")


def fork_run(
    source: Path, folder: Path, assignments: Sequence[str], steps: int | None
) -> tuple[RunFolder, RunConfig]:
    """Copy what comes before a run's online stage into a new run.

    Args:
        source: Run folder; its evaluation before RL must have finished.
        folder: New run folder.
        assignments: `key=value` changes of what belongs to the online stage.
        steps: Steps of online reinforcement learning.

    Returns:
        The new run and its configuration.

    Raises:
        ConfigError: For a wrong setting, or one of a stage that is taken over.
        CheckpointError: If the run has not got as far.
        RunFolderError: If there is no such run, or the new folder is taken.
    """
    old = RunFolder.open(source)
    if old.result("evaluate-before") is None:
        raise CheckpointError(
            f"{source}: its online stage has not begun; resume the run first with "
            f"intern-rl resume {source}"
        )
    settings = load_config(RunConfig, source / "config.json", assignments, {"rl.steps": steps})
    require_ray(settings)
    before = RunConfig.model_validate(old.config()).model_dump()
    after = settings.model_dump()
    changed = sorted(n for n in after if after[n] != before[n] and n not in MAY_CHANGE)
    if changed:
        raise ConfigError(
            f"{', '.join(changed)}: belongs to stages that a fork takes over from {source}; a fork "
            f"may change {', '.join(MAY_CHANGE)}; for the rest start a new run"
        )
    if folder.exists():
        raise RunFolderError(f"{folder}: exists already; name another folder with --output")
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=_left_behind(source))
    for stage in _dropped(before, after):
        (draft / "done" / f"{stage}.json").unlink(missing_ok=True)
    lines = [line for line in old.metrics() if line["stage"] not in _dropped(before, after)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (draft / "metrics.jsonl").write_text(text, encoding="utf-8")
    draft.rename(folder)
    return RunFolder.create(folder, settings, packages_of(settings)), settings


def _dropped(before: dict, after: dict) -> tuple[str, ...]:
    """Stages to do again: the evaluation before too where it is measured otherwise."""
    same = before["evaluation"] == after["evaluation"]
    return LATER if same else ("evaluate-before", *LATER)


def _left_behind(source: Path):
    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        if here == source:
            return {name for name in names if name in LEFT_BEHIND}
        return {"final"} & set(names) if here == source / "checkpoints" else set()

    return ignored
