"""Questions from a file in the OREAL-RL-Prompts format, beside or instead of tasks.

A question of a file has a wanted answer and no verifier of its own: a source of rewards judges it
(`math`, `judge`), and evaluations use math-verify.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from intern_rl.config import PromptsConfig
from intern_runs import DataError
from internbootcamp_env import Score
from oreal_rl.errors import OrealError
from oreal_rl.prompt_data import load_prompts, repeat_by_pass_rate
from oreal_rl.rewards.rules import MathRule
from oreal_rl.types import Prompt


@dataclass(frozen=True)
class FileQuestion:
    """One line of the file."""

    task: str
    prompt: str
    gold: str
    uid: str
    has_verifier: bool = field(default=False, init=False)

    def oracle(self) -> str:
        """The wanted answer."""
        return self.gold

    def score(self, response: str) -> Score:
        """Judge a response by symbolic equality of its final answer, for evaluations."""
        (right,) = math_rule()([Prompt(case=self.gold)], [response])
        if right is None:
            return Score(0.0, "over_limit", "the check took too long")
        return Score(float(right), "correct" if right else "wrong", "")


@cache
def math_rule() -> MathRule:
    """The one worker of this process; it starts with the first answer."""
    return MathRule(require_box=False)


class PromptFile:
    """The questions of a file, in a new order every epoch.

    Args:
        config: Path, template and repetition.
        seed: Key of the order.

    Raises:
        DataError: For a missing file or a line that is no question; says which.
    """

    def __init__(self, config: PromptsConfig, *, seed: int) -> None:
        self.config, self.seed = config, seed
        prompts = self._read(config.path)
        if config.repeat_by_pass_rate:
            prompts, self.pass_rates = repeat_by_pass_rate(prompts)
            if not prompts:
                raise DataError(
                    f"{config.path}: no question is left, pass rates are {dict(self.pass_rates)}; "
                    "set prompts.repeat_by_pass_rate = false to keep all"
                )
        self.questions = [self._question(prompt) for prompt in prompts]

    @property
    def task(self) -> str:
        """Name of its questions in routes and reports."""
        return self.config.task

    def draw(self, start: int, count: int) -> list[FileQuestion]:
        """The questions from a place of the endless order on; pure in the arguments."""
        size, drawn = len(self.questions), []
        for place in range(start, start + count):
            epoch, index = divmod(place, size)
            order = list(range(size))
            random.Random(f"epoch/{self.seed}/{epoch}").shuffle(order)
            drawn.append(self.questions[order[index]])
        return drawn

    def held_out(self, count: int) -> list[FileQuestion]:
        """The first questions of the held-out file; none without one."""
        if self.config.held_out is None:
            return []
        return [self._question(prompt) for prompt in self._read(self.config.held_out)[:count]]

    def _read(self, path: str) -> Sequence[Prompt]:
        try:
            return load_prompts(path, template=self.config.template, task=self.config.task)
        except FileNotFoundError:
            raise DataError(f"{path}: no such file of prompts; check the path") from None
        except (OrealError, UnicodeDecodeError, IsADirectoryError) as error:
            raise DataError(f"{path}: {error}") from None

    def _question(self, prompt: Prompt) -> FileQuestion:
        return FileQuestion(prompt.task, prompt.text, str(prompt.case), prompt.uid)
