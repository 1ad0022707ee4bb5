"""InternBootcamp: its JSON lines (data_source, prompt, ground_truth) and its scoring options.

`ground_truth` holds the case as an object, so that a row can be scored without anything else.
`verify_score` has the arguments and meaning of `Basebootcamp.verify_score`, except that the failure
of a verifier raises and is not a score of 0.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from internbootcamp_env.errors import CaseError
from internbootcamp_env.integrations.rows import rows
from internbootcamp_env.registry import get
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


def verify_score(
    model_output: str,
    identity: str | dict[str, Any],
    format_score: float = 0.0,
    short_penalty: bool = True,
    short_threshold: int = 100,
    format_penalty: bool = True,
) -> float:
    """Score a response as InternBootcamp's pipelines ask for it.

    Args:
        model_output: The response.
        identity: The case: the `ground_truth` of a row.
        format_score: Reward for a wrong answer that could be read.
        short_penalty: Whether a response under `short_threshold` characters earns nothing.
        short_threshold: See there.
        format_penalty: Whether a response without `</think>` earns nothing.

    Returns:
        1.0 for a right answer, `format_score` for a wrong one, 0.0 for an unreadable one.

    Raises:
        CaseError: If `identity` is no case.
        ScoringError: If the verifier failed.
    """
    case = Case.from_json(identity if isinstance(identity, str) else json.dumps(identity))
    if short_penalty and len(model_output) < short_threshold:
        return 0.0
    if format_penalty and "</think>" not in model_output:
        return 0.0
    score = get(case.task).score(case, model_output)
    return {"correct": 1.0, "wrong": format_score}.get(score.status, 0.0)
