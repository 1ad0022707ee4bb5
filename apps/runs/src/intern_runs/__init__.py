"""Run folders of the Intern-S1 programs: configuration, metrics, checkpoints, progress, errors.

Three programs share this library, so that a run of any of them is configured, watched, killed and
resumed in one way. torch is loaded with the functions that need it, so that a program can set what
torch reads from the environment.
"""

from typing import TYPE_CHECKING, Any

from intern_runs.config import load_config, parse_assignment
from intern_runs.entry import run_program
from intern_runs.errors import CheckpointError, ConfigError, DataError, ProgramError, RunFolderError
from intern_runs.folder import RunFolder
from intern_runs.jsonl import read_jsonl
from intern_runs.progress import RunDisplay

if TYPE_CHECKING:
    from intern_runs.state import load_state, save_state

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "ProgramError",
    "RunDisplay",
    "RunFolder",
    "RunFolderError",
    "load_config",
    "load_state",
    "parse_assignment",
    "read_jsonl",
    "run_program",
    "save_state",
]


def __getattr__(name: str) -> Any:
    """Import the functions that need torch when they are asked for."""
    if name in ("load_state", "save_state"):
        from intern_runs import state

        return getattr(state, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
