"""Tell near-duplicates: two tasks of a field that ask alike and judge alike.

Two tasks may read alike (walk and path, say) as long as different code judges them; two tasks
with one judge must read differently. Alike means a Jaccard similarity of at least `SIMILAR`
between the sets of word 5-grams of their prompts, digits and names masked, and the sentence that
tells the form of the answer left out, as it is shared by many.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from internbootcamp_env.task import Task

from .source import checker_source
from .subject import SEED

SIMILAR = 0.6
_NUMBER = re.compile(r"[-−]?\d[\d.,/]*")
_NAME = re.compile(r"\b[A-Z]\w*\b|'[^']*'|\"[^\"]*\"")
_MASKED = re.compile(r"(?:[#@][\s,;:()\[\]{}<>|+*=-]*)+")
_WORD = re.compile(r"[#@]|\w+")


@dataclass(frozen=True)
class Pair:
    """Two tasks that read alike.

    Args:
        first: Id of one task.
        second: Id of the other.
        similarity: Jaccard similarity of their masked prompts, in [0, 1].
        same_judge: Whether the same code judges their answers.
    """

    first: str
    second: str
    similarity: float
    same_judge: bool


def grams(task: Task, size: int = 5) -> frozenset[tuple[str, ...]]:
    """Return the word n-grams of a task's English wordings, numbers and names masked."""
    case = task.generate(split="train", seed=SEED, index=0, level=3)
    fields = task.show(case.question)
    found: set[tuple[str, ...]] = set()
    for template in task.en[:-1]:
        words = _WORD.findall(masked(template.format_map(fields)))
        found |= {tuple(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}
    return frozenset(found)


def masked(text: str) -> str:
    """Replace numbers by `#` and capitalised or quoted words by `@`; runs of these become one."""
    text = _NAME.sub("@", _NUMBER.sub("#", text))
    return _MASKED.sub("# ", text).lower()


def pairs_alike(tasks: Iterable[Task]) -> list[Pair]:
    """Return every pair within a field whose masked prompts are similar."""
    fields: dict[str, list[Task]] = {}
    for task in tasks:
        fields.setdefault(task.id.split(".")[0], []).append(task)
    found = []
    for members in fields.values():
        told = {task.id: grams(task) for task in members}
        for one, other in combinations(members, 2):
            union = len(told[one.id] | told[other.id])
            similarity = len(told[one.id] & told[other.id]) / union
            if similarity >= SIMILAR:
                same = checker_source(one) == checker_source(other)
                found.append(Pair(one.id, other.id, similarity, same))
    return found
