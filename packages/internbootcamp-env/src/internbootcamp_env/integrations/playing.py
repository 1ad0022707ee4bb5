"""One case answered or played, the same for every adapter to a turn-based library.

A single-turn task is an episode of one turn; a task played in turns is an `Episode`. Adapters
only translate what stands here into the words of their library.
"""

from dataclasses import dataclass

from internbootcamp_env.draws import Draws, key_of
from internbootcamp_env.episodes import Episode, MultiTurnTask
from internbootcamp_env.errors import RequestError
from internbootcamp_env.registry import get
from internbootcamp_env.task import LEVELS, SPLITS, Case, Options

DEFAULT_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a reply brought.

    Args:
        observation: Text for the player; empty once the episode is over.
        reward: In [0, 1]; None if the verifier failed and the options say to flag it.
        done: Whether the episode is over.
        status: `running`, or a status of `Score`.
        reason: What was found, for people.
    """

    observation: str
    reward: float | None
    done: bool
    status: str
    reason: str


class Play:
    """A case with its prompt, waiting for replies.

    Args:
        case: The case.
        lang: Language of prompt and observations.
        wording: Wording of the prompt, see `Task.prompt`.
        options: How the answer of a single-turn task is found.
    """

    def __init__(
        self,
        case: Case,
        *,
        lang: str = "en",
        wording: int | str = 0,
        options: Options = DEFAULT_OPTIONS,
    ) -> None:
        self.case, self._options = case, options
        self._task = get(case.task)
        wrapper = "answer" if options.wrapper == "auto" else options.wrapper
        self.prompt = self._task.prompt(case, lang=lang, wording=wording, wrapper=wrapper)
        self._episode = None
        if isinstance(self._task, MultiTurnTask):
            self._episode = Episode(self._task, case, lang=lang, wording=wording)
        self.turns_left = self._episode.turns_left if self._episode else 1

    @property
    def multi_turn(self) -> bool:
        """Whether the task is played in turns."""
        return self._episode is not None

    def step(self, reply: str) -> Turn:
        """Take a reply.

        Raises:
            RequestError: If the episode is over.
            ScoringError: If the verifier failed and the options say to raise.
        """
        if not self.turns_left:
            raise RequestError("the episode is over; start another")
        if self._episode is not None:
            step = self._episode.step(reply)
            self.turns_left = 0 if step.done else self._episode.turns_left
            if not step.done:
                return Turn(step.observation, 0.0, False, "running", "")
            score = self._episode.score()
            return Turn(step.observation, score.value, True, score.status, score.reason)
        self.turns_left = 0
        score = self._task.score(self.case, reply, self._options)
        return Turn("", score.value, True, score.status, score.reason)


def draw_case(
    tasks: list[str], index: int, *, split: str, seed: int, level: tuple[int, int]
) -> Case:
    """Draw a task, a level in a closed range, and a case; pure in the arguments.

    Raises:
        RequestError: If the split is unknown or the range of levels is empty.
    """
    if split not in SPLITS:
        raise RequestError(f"split must be one of {list(SPLITS)}, got {split!r}")
    if not LEVELS[0] <= level[0] <= level[1] <= LEVELS[-1]:
        raise RequestError(f"a level range lies within (1, 10), got {level}")
    draws = Draws(key_of("episode", split, seed, index))
    task = get(draws.pick(tasks))
    return task.generate(split=split, seed=seed, index=index, level=draws.between(*level))
