"""verl: rows for its parquet files and the function for `custom_reward_function`.

In the verl configuration: `custom_reward_function.path=<this file>` and
`custom_reward_function.name=compute_score`. verl itself is not imported.
"""

from collections.abc import Iterator
from typing import Any

from internbootcamp_env.integrations.rows import rows
from internbootcamp_env.registry import get
from internbootcamp_env.task import Case


def verl_rows(*patterns: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield rows in verl's layout; the arguments are those of `integrations.rows.rows`."""
    for index, row in enumerate(rows(*patterns, **arguments)):
        yield {
            "data_source": f"internbootcamp_env/{row['task']}",
            "prompt": row["prompt"],
            "ability": row["task"].split(".")[0],
            "reward_model": {"style": "rule", "ground_truth": row["case"]},
            "extra_info": {"index": index, "level": row["level"]},
        }


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None
) -> float:
    """Score one solution.

    Raises:
        ScoringError: If the verifier failed; that is never a reward of 0.
    """
    case = Case.from_json(ground_truth)
    score = get(case.task).score(case, solution_str)
    assert score.value is not None, "without a flag, an internal error raises"
    return score.value
