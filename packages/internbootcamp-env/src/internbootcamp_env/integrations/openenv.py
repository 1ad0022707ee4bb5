"""OpenEnv: a server-side environment over a mixture of tasks, and its application.

    app = create_app("chem.*", "multi.*")            # FastAPI with OpenEnv's HTTP and WebSocket
    env = BootcampOpenEnv("chem.*")                  # or in this process
    observation = env.reset(seed=7)
    observation = env.step(BootcampAction(text="<answer>42</answer>"))

Written for and tested with openenv-core 0.3. Tasks played in turns take several steps.
"""

from typing import Any

from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State
from pydantic import Field

from internbootcamp_env.errors import RequestError
from internbootcamp_env.integrations.playing import Play, draw_case
from internbootcamp_env.registry import names
from internbootcamp_env.task import Options

MAX_ACTION_CHARS = 1_000_000


class BootcampAction(Action):
    """A reply of a model."""

    text: str = Field(max_length=MAX_ACTION_CHARS, description="the whole reply")


class BootcampObservation(Observation):
    """What the player sees; `done` and `reward` are the base class's."""

    text: str = Field(description="prompt, or what the last action brought")
    status: str = Field(description="running, or the status of the score")
    reason: str = Field(default="", description="what was found, for people")


class BootcampState(State):
    """Where an episode stands; `episode_id` and `step_count` are the base class's."""

    task: str = ""
    level: int = 0
    turns_left: int = 0


class BootcampOpenEnv(Environment[BootcampAction, BootcampObservation, BootcampState]):
    """One case per episode.

    Args:
        *patterns: Tasks to draw from.
        split: `train`, `validation` or `test`.
        level: Lowest and highest level.
        lang: Language of prompts and observations.
        options: How answers are found.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(
        self,
        *patterns: str,
        split: str = "train",
        level: tuple[int, int] = (1, 1),
        lang: str = "en",
        options: Options | None = None,
    ) -> None:
        super().__init__()
        self._names = names(*patterns)
        self._split, self._level, self._lang = split, level, lang
        self._options = options or Options()
        self._play: Play | None = None
        self._episodes = 0
        self._state = BootcampState()

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **_: Any
    ) -> BootcampObservation:
        """Draw a case; the same seed gives the same one, none counts on."""
        index = self._episodes if seed is None else seed
        self._episodes += 1
        case = draw_case(self._names, index, split=self._split, seed=0, level=self._level)
        self._play = Play(case, lang=self._lang, wording="any", options=self._options)
        self._state = BootcampState(
            episode_id=episode_id,
            task=case.task,
            level=case.level,
            turns_left=self._play.turns_left,
        )
        return BootcampObservation(text=self._play.prompt, status="running")

    def step(
        self, action: BootcampAction, timeout_s: float | None = None, **_: Any
    ) -> BootcampObservation:
        """Judge an answer, or play a turn.

        Raises:
            RequestError: If there is no episode, or it is over.
        """
        if self._play is None:
            raise RequestError("reset comes before step")
        turn = self._play.step(action.text)
        self._state.step_count += 1
        self._state.turns_left = self._play.turns_left
        return BootcampObservation(
            text=turn.observation,
            status=turn.status,
            reason=turn.reason,
            done=turn.done,
            reward=turn.reward,
        )

    @property
    def state(self) -> BootcampState:
        """Where the episode stands."""
        return self._state


def create_app(*patterns: str, max_concurrent_envs: int = 16, **arguments: Any) -> Any:
    """Return the FastAPI application that serves such environments, one per session.

    Args:
        *patterns: Tasks to draw from.
        max_concurrent_envs: Most sessions at once.
        **arguments: As for `BootcampOpenEnv`.
    """
    names(*patterns)  # an unknown pattern is an error here, not at the first request
    return create_fastapi_app(
        lambda: BootcampOpenEnv(*patterns, **arguments),
        BootcampAction,
        BootcampObservation,
        max_concurrent_envs=max_concurrent_envs,
    )
