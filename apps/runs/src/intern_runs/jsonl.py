"""Reading JSON lines from files that others wrote, with the line number in every message."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intern_runs.errors import DataError

MAX_LINE_BYTES = 8_000_000


def read_jsonl(path: str | Path, *, required: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file; empty lines are passed over.

    Args:
        path: The file, UTF-8.
        required: Keys that each object must have.

    Raises:
        DataError: Missing file, a line that is too long, not valid JSON, not an object, or lacks a
            required key; the message begins with `file:line`.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such data file; check the path")
    with path.open("rb") as lines:
        for number, line in enumerate(
            iter(lambda: lines.readline(MAX_LINE_BYTES + 1), b""), start=1
        ):
            if len(line) > MAX_LINE_BYTES:
                raise DataError(f"{path}:{number}: line longer than {MAX_LINE_BYTES:,} bytes")
            if line.strip():
                yield _parse_object(line, f"{path}:{number}", required)


def _parse_object(line: bytes, where: str, required: tuple[str, ...]) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", type(error).__name__)
        raise DataError(
            f"{where}: not valid JSON: {reason}; each line must be one object"
        ) from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: got a JSON {type(value).__name__}, expected an object")
    missing = [key for key in required if key not in value]
    if missing:
        raise DataError(
            f"{where}: lacks {', '.join(missing)}; it has {', '.join(value) or 'no keys'}"
        )
    return value
