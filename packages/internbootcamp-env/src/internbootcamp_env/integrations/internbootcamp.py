"""JSON lines in the layout of InternBootcamp's pipelines: data_source, prompt, ground_truth.

`ground_truth` holds the case as an object, so that a row can be scored without anything else.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from internbootcamp_env.errors import CaseError
from internbootcamp_env.integrations.rows import rows
from internbootcamp_env.task import Case


def write_lines(*patterns: str, **arguments: Any) -> Iterator[str]:
    """Yield lines without line ends; the arguments are those of `integrations.rows.rows`."""
    for row in rows(*patterns, **arguments):
        record = {
            "data_source": f"bootcamp/{row['task']}",
            "prompt": row["prompt"][0]["content"],
            "ground_truth": json.loads(row["case"]),
        }
        yield json.dumps(record, ensure_ascii=False)


def read_lines(lines: Iterable[str]) -> Iterator[tuple[str, Case]]:
    """Yield prompt and case of each non-empty line.

    Raises:
        CaseError: If a line is not such a record.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            prompt, truth = record["prompt"], record["ground_truth"]
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(
                f"line {number} is not an object with 'prompt' and 'ground_truth': {error!r}"
            ) from error
        yield prompt, Case.from_json(truth if isinstance(truth, str) else json.dumps(truth))
