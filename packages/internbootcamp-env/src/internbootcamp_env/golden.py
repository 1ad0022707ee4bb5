"""Hashes of what each version of a task generates: `python -m internbootcamp_env.golden`.

A generator that changes while its version stays would silently give old cases a new meaning.
`golden_hashes.json` keeps, for each task, its version and a hash of twenty cases; the tests
compare. The command adds tasks and versions that are missing and never replaces the hash of a
version that is there: raise `version` in the task instead.
"""

import json
import sys
from hashlib import blake2b
from pathlib import Path

from .registry import get, names
from .task import LEVELS, Task

PATH = Path(__file__).with_name("golden_hashes.json")
SEED = 1_000_003


def golden_hash(task: Task) -> str:
    """Return a hash of two training cases of each level: questions, answers and fingerprints."""
    state = blake2b(digest_size=12)
    for level in LEVELS:
        for index in range(2):
            case = task.generate(split="train", seed=SEED, index=index, level=level)
            state.update(case.to_json().encode())
    return state.hexdigest()


def kept() -> dict[str, tuple[int, str]]:
    """Return version and hash of each task, as they are kept."""
    rows = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    return {name: (version, found) for name, (version, found) in rows.items()}


def changed(chosen: list[str]) -> list[str]:
    """Return the tasks whose cases are no longer those of the version that they claim."""
    hashes = kept()
    found = []
    for name in chosen:
        task = get(name)
        version, text = hashes.get(name, (0, ""))
        if version == task.version and text != golden_hash(task):
            found.append(name)
    return found


def main() -> int:
    """Add what is missing; return 1 if a generator changed without a new version."""
    hashes, wrong = kept(), []
    for name in names():
        task = get(name)
        text = golden_hash(task)
        version, before = hashes.get(name, (0, ""))
        if version != task.version:
            hashes[name] = (task.version, text)
        elif text != before:
            wrong.append(name)
    rows = [f"{json.dumps(name)}: {json.dumps(hashes[name])}" for name in names()]
    PATH.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    for name in wrong:
        sys.stderr.write(f"{name}: its cases changed, so its version must be raised\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
