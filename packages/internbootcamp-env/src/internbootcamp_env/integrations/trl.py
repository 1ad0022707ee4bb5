"""TRL: a reward function for `GRPOTrainer` and a class for its `environment_factory`.

    trainer = GRPOTrainer(model, reward_funcs=bootcamp_reward, train_dataset=to_dataset(...))

Both work on the columns that `integrations.datasets.to_dataset` writes. TRL itself is not
imported: it calls what stands here.
"""

from typing import Any

from internbootcamp_env.integrations.rows import text_of
from internbootcamp_env.registry import get
from internbootcamp_env.task import PLAIN, Case, Options

_FLAGGED = Options(on_internal_error="flag")


def bootcamp_reward(
    prompts: list[Any], completions: list[Any], case: list[str], **_columns: Any
) -> list[float | None]:
    """Reward each completion for its row's case.

    Args:
        prompts: Not looked at.
        completions: Texts, or lists of messages.
        case: Column of cases as JSON.

    Returns:
        Rewards in [0, 1]; None (not applicable) where a verifier failed.
    """
    values = []
    for completion, text in zip(completions, case, strict=True):
        parsed = Case.from_json(text)
        values.append(get(parsed.task).score(parsed, text_of(completion), _FLAGGED).value)
    return values


class BootcampEnvironment:
    """One question at a time, answered through a tool call.

    TRL makes one without arguments, calls `reset` with the columns of a row, and offers the
    public method `submit` to the model as a tool.
    """

    def __init__(self) -> None:
        self._case: Case | None = None
        self.reward = 0.0

    def reset(self, case: str, **_columns: Any) -> str | None:
        """Take up a row; the prompt is in the row already, so there is nothing to add."""
        self._case, self.reward = Case.from_json(case), 0.0
        return None

    def submit(self, answer: str) -> str:
        """Hand in the final answer.

        Args:
            answer: The answer alone, without explanation.

        Returns:
            Whether it was right, wrong, or could not be read.
        """
        assert self._case is not None, "reset comes before submit"
        score = get(self._case.task).score(self._case, answer, PLAIN)
        self.reward = score.value or 0.0
        return score.status

    def get_reward(self) -> float:
        """Return the reward of the last answer handed in."""
        return self.reward
