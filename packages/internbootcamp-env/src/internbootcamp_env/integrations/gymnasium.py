"""Gymnasium: one question per episode, text in and text out.

env = BootcampEnv("chem.*", level=(1, 5))
observation, info = env.reset(seed=7)
observation, reward, terminated, truncated, info = env.step("<answer>42</answer>")
"""

from typing import Any

import gymnasium
from gymnasium import spaces

from internbootcamp_env.draws import Draws, key_of
from internbootcamp_env.registry import get, names
from internbootcamp_env.task import Case, Options

_CHARACTERS = frozenset(map(chr, [*range(0x20, 0x7F), 0x0A, *range(0xA0, 0x3000)]))


class BootcampEnv(gymnasium.Env[str, str]):
    """A single-turn text environment over a mixture of tasks.

    Args:
        *patterns: Tasks to draw from.
        split: `train`, `validation` or `test`.
        level: Lowest and highest level.
        wording: Wording of the prompts.
        options: How answers are found.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  (gymnasium's own attribute)

    def __init__(
        self,
        *patterns: str,
        split: str = "train",
        level: tuple[int, int] = (1, 1),
        wording: int | str = "any",
        options: Options | None = None,
    ) -> None:
        self._names = names(*patterns)
        self._split, self._level, self._wording = split, level, wording
        self._options = options or Options()
        self._case: Case | None = None
        self.observation_space = spaces.Text(65_536, min_length=0, charset=_CHARACTERS)
        self.action_space = spaces.Text(65_536, min_length=0, charset=_CHARACTERS)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Draw a question; the same seed gives the same one."""
        super().reset(seed=seed)
        index = int(self.np_random.integers(1 << 31))
        draws = Draws(key_of("gymnasium", self._split, index))
        task = get(draws.pick(self._names))
        self._case = task.generate(
            split=self._split, seed=0, index=index, level=draws.between(*self._level)
        )
        info = {"task": task.id, "level": self._case.level, "case": self._case.to_json()}
        return task.prompt(self._case, wording=self._wording), info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Judge the answer and end the episode."""
        if self._case is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        score = get(self._case.task).score(self._case, action, self._options)
        assert score.value is not None or self._options.on_internal_error == "flag"
        info = {"status": score.status, "reason": score.reason}
        return "", score.value or 0.0, True, score.value is None, info
