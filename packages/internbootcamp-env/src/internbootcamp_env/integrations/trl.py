"""TRL: a reward function for `GRPOTrainer` and classes for its `environment_factory`.

    trainer = GRPOTrainer(model, reward_funcs=bootcamp_reward, train_dataset=to_dataset(...))
    trainer = GRPOTrainer(model, environment_factory=BootcampEnvironment, train_dataset=...)

Both work on the columns that `integrations.datasets.to_dataset` writes. TRL itself is not
imported: it calls what stands here.
"""

from typing import Any

from internbootcamp_env.errors import RequestError
from internbootcamp_env.integrations.playing import Play
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
    """One case at a time, answered or played through a tool call.

    TRL makes one without arguments, calls `reset` with the columns of a row, offers the public
    method `submit` to the model as a tool, and takes the reward from `get_reward`.
    """

    def __init__(self) -> None:
        self._play: Play | None = None
        self._reward: float | None = 0.0

    def reset(self, case: str, **_columns: Any) -> str | None:
        """Take up a row; the prompt is in the row already, so there is nothing to add."""
        self._play, self._reward = Play(Case.from_json(case), options=PLAIN), 0.0
        return None

    def submit(self, answer: str) -> str:
        """Hand in the final answer, or the next action of a task that is played in turns.

        Args:
            answer: The answer or action alone, without explanation.

        Returns:
            What was observed, and at the end whether it was right, wrong, or could not be read.
        """
        if self._play is None:
            raise RequestError("reset comes before submit")
        if not self._play.turns_left:
            return "The episode is over."
        turn = self._play.step(answer)
        self._reward = turn.reward
        return turn.observation or turn.status

    def get_reward(self) -> float | None:
        """Return the reward so far; None if a verifier failed."""
        return self._reward
