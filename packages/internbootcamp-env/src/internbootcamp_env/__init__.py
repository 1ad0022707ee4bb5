"""Verifiable task environments: generator, prompt, oracle, verifier and difficulty for each task.

    import internbootcamp_env as bootcamp

    task = bootcamp.get("strings.reverse")
    case = task.generate(split="train", seed=7, index=3, level=1)
    task.prompt(case, lang="en")
    task.score(case, "<answer>cba</answer>")

Importing the package loads the index of tasks and no task; a family is loaded when it is asked
for. The core needs the standard library only.
"""

from .curriculum import Curriculum, CurriculumConfig
from .errors import (
    BootcampError,
    CaseError,
    GenerationError,
    RequestError,
    ScoringError,
    UnknownTaskError,
)
from .registry import get, names, stream
from .task import LANGS, LEVELS, PLAIN, SPLITS, STATUSES, Case, Options, Score, Task

__all__ = [
    "LANGS",
    "LEVELS",
    "PLAIN",
    "SPLITS",
    "STATUSES",
    "BootcampError",
    "Case",
    "CaseError",
    "Curriculum",
    "CurriculumConfig",
    "GenerationError",
    "Options",
    "RequestError",
    "Score",
    "ScoringError",
    "Task",
    "UnknownTaskError",
    "get",
    "names",
    "stream",
]


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: importlib.metadata would slow the import."""
    if name == "__version__":
        from importlib.metadata import version

        return version("internbootcamp-env")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
