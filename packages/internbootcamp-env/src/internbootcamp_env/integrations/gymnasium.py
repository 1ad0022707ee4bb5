"""Gymnasium: one case per episode, text in and text out; tasks played in turns take several steps.

env = BootcampEnv("chem.*", "multi.*", level=(1, 5))
observation, info = env.reset(seed=7)
observation, reward, terminated, truncated, info = env.step("<answer>42</answer>")

`info["multi_turn"]` tells whether the case is played in turns, `info["turns_left"]` how many steps
are left. An episode is truncated only if the verifier itself failed and the options say to flag it.
"""

import unicodedata
from typing import Any

import gymnasium
from gymnasium import spaces

from internbootcamp_env.errors import RequestError
from internbootcamp_env.integrations.playing import Play, draw_case
from internbootcamp_env.registry import names
from internbootcamp_env.task import Options

_CHARACTERS = frozenset(
    character
    for character in map(chr, range(0x10000))
    if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co")
)
"""Every printable character of the basic plane: what prompts are written in, Chinese included."""


class BootcampEnv(gymnasium.Env[str, str]):
    """A text environment over a mixture of tasks.

    Args:
        *patterns: Tasks to draw from.
        split: `train`, `validation` or `test`.
        level: Lowest and highest level.
        lang: Language of prompts and observations.
        wording: Wording of the prompts.
        options: How answers are found.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  (gymnasium's own attribute)

    def __init__(
        self,
        *patterns: str,
        split: str = "train",
        level: tuple[int, int] = (1, 1),
        lang: str = "en",
        wording: int | str = "any",
        options: Options | None = None,
    ) -> None:
        self._names = names(*patterns)
        self._split, self._level = split, level
        self._lang, self._wording = lang, wording
        self._options = options or Options()
        self._play: Play | None = None
        self.observation_space = spaces.Text(65_536, min_length=0, charset=_CHARACTERS)
        self.action_space = spaces.Text(65_536, min_length=0, charset=_CHARACTERS)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Draw a case; the same seed gives the same one."""
        super().reset(seed=seed)
        index = int(self.np_random.integers(1 << 31))
        case = draw_case(self._names, index, split=self._split, seed=0, level=self._level)
        play = Play(case, lang=self._lang, wording=self._wording, options=self._options)
        self._play = play
        return play.prompt, {
            "task": case.task,
            "level": case.level,
            "case": case.to_json(),
            "multi_turn": play.multi_turn,
            "turns_left": play.turns_left,
        }

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Judge an answer, or play a turn."""
        if self._play is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        try:
            turn = self._play.step(action)
        except RequestError as error:
            raise gymnasium.error.ResetNeeded("the episode is over; call reset()") from error
        info = {
            "status": turn.status,
            "reason": turn.reason,
            "turns_left": self._play.turns_left,
        }
        failed = turn.reward is None
        return turn.observation, turn.reward or 0.0, turn.done and not failed, failed, info
