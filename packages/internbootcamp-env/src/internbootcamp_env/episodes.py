"""Tasks that are played over several turns, and the episode that runs one.

A `MultiTurnTask` is a `Task` (same splits, levels, prompts, index and audit; verifier letter M)
whose rules are a `World`: a small deterministic simulation made from the question. The question
may hold what the player must find out; the templates show the rest. The answer is the log of
actions, one a line, and `task.score` judges a log by playing it again, so that a reward can be
checked later from the log alone. `task.oracle(case)` is the log of a solver that learns only what
the world tells it, and so proves that the budget suffices.

To play a case turn by turn (the same for every adapter):

    task = bootcamp.get("multi.guess_number")          # isinstance(task, MultiTurnTask)
    case = task.generate(split="train", seed=0, index=0, level=1)
    episode = Episode(task, case, lang="en")
    episode.prompt                                     # the first message
    step = episode.step("<answer>50</answer>")         # or the bare action
    step.observation, step.reward, step.done           # reward is 0.0 until the goal is reached
    episode.log, episode.turns_left, episode.score()

`INDEX[name][2] == "M"` tells multi-turn tasks without an import. An action that cannot be read is
answered with a hint, costs a turn as any other, and stands in the log as `-`. An episode ends
when the goal is reached (reward 1.0), missed for good, or when the turns are used up; a step after
the end raises `RequestError`. `Episode.replay(task, case, log)` rebuilds an episode.

To write one: subclass `World`, write `act`, which returns the observation and calls `win` or
`lose` to end, raise `UnparsableAnswer` for actions out of form, and put the number of turns into
`question["budget"]`. Default mutants (the log cut short, delayed past the budget, carried on past
the end) are wrong by construction; `wrong` may add more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .answers import AnswerKind
from .draws import Draws
from .errors import AnswerError, OverLimitAnswer, RequestError, UnparsableAnswer
from .extract import extract
from .task import LANGS, Case, Score, Task

MAX_TURNS = 1_000
"""Most actions in a log."""

MAX_ACTION_CHARS = 400
"""Longest action that a world looks at."""

LOST = "-"
"""How a turn that was lost to an unreadable action stands in a log."""

_FORMS = {
    "en": {
        "answer": "inside <answer>...</answer>",
        "boxed": "inside \\boxed{...}",
        "fence": "in a ``` fenced block at the end",
        "line": "on a last line 'Answer: '",
        "plain": "and nothing else",
    },
    "zh": {
        "answer": "写在 <answer>...</answer> 中",
        "boxed": "写在 \\boxed{...} 中",
        "fence": "写在最后的 ``` 代码块中",
        "line": "写在最后一行“Answer: ”之后",
        "plain": "不写其他内容",
    },
}


class World:
    """One running simulation, deterministic in the question and the actions so far.

    Args:
        question: Question of the case, with its hidden part; `question["budget"]` is the number
            of turns. Never changed.
        lang: Language of the observations.

    Attributes:
        outcome: None while running, empty once the goal is reached, else why it was missed.
        turns_left: Actions that may still be taken.
        readable: Whether the last action could be read.
    """

    def __init__(self, question: dict[str, Any], lang: str = "en") -> None:
        self.question = question
        self.lang = lang
        self.outcome: str | None = None
        self.turns_left: int = question["budget"]
        self.readable = True

    def act(self, action: str) -> str:
        """Do one action and return what the player sees; raise `UnparsableAnswer` if unreadable."""
        raise NotImplementedError

    def say(self, en: str, zh: str) -> str:
        """Choose the text in the language of the episode."""
        return zh if self.lang == "zh" else en

    def win(self) -> str:
        """End with the goal reached."""
        self.outcome = ""
        return self.say("Done: the goal is reached.", "完成：目标已达成。")

    def lose(self, en: str, zh: str) -> str:
        """End with the goal missed for good."""
        self.outcome = en
        return self.say(en, zh)

    def take(self, action: str) -> str:
        """Spend a turn on an action; unreadable ones are answered with a hint."""
        self.turns_left -= 1
        self.readable = True
        try:
            if len(action) > MAX_ACTION_CHARS:
                raise OverLimitAnswer(f"an action has at most {MAX_ACTION_CHARS} characters")
            seen = self.act(action)
        except AnswerError as error:
            self.readable = False
            seen = self.say(f"Not understood: {error}", f"无法理解：{error}")
        if self.outcome is None and self.turns_left <= 0:
            self.outcome = "the turns are used up"
            seen += self.say("\nThe turns are used up.", "\n回合已用完。")
        return seen


@dataclass(frozen=True)
class ActionLog:
    """The actions of an episode in their order, one a line."""

    multiline = True

    def parse(self, text: str) -> list[str]:
        """Read the lines; empty ones are skipped."""
        if text.count("\n") > 2 * MAX_TURNS:
            raise OverLimitAnswer(f"more than {MAX_TURNS} actions")
        actions = [one_line(line) for line in text.splitlines() if line.strip()]
        if not actions:
            raise UnparsableAnswer("the log has no action")
        return actions

    def format(self, value: Sequence[str]) -> str:
        """Write one action a line."""
        return "\n".join(value)

    def describe(self, lang: str) -> str:
        """Say that a log has one action a line."""
        return {"en": "Write one action per line.", "zh": "每行写一个动作。"}[lang]

    def near(self, value: list[str], draws: Draws) -> list[list[str]]:
        """Nothing: `MultiTurnTask.mutants` makes the wrong logs."""
        return []


def one_line(text: str) -> str:
    """Bring an action to one line with single spaces; an empty one is a lost turn."""
    return " ".join(text.split()) or LOST


@dataclass(frozen=True, kw_only=True, eq=False)
class MultiTurnTask(Task):
    """A task that is played in turns; see the module's docstring.

    Args:
        world: Makes the simulation from a question and a language.
    """

    world: Callable[[dict[str, Any], str], World]
    answer: AnswerKind = ActionLog()
    verifier: str = "M"

    def __post_init__(self) -> None:
        own = self.wrong

        def wrong(question: dict[str, Any], log: list[str], draws: Draws) -> list[str]:
            more = own(question, log, draws) if own is not None else []
            return wrong_logs(question, log) + more

        object.__setattr__(self, "check", self.replayed)
        object.__setattr__(self, "wrong", wrong)

    def replayed(self, question: dict[str, Any], log: list[str]) -> str:
        """Play a log; return an empty string if it ends with the goal reached, else why not."""
        world = self.world(question, "en")
        for place, action in enumerate(log):
            world.take(action)
            if not world.readable and action != LOST:
                return f"line {place + 1} of the log is not an action"
            if world.outcome is not None:
                if place + 1 < len(log):
                    return "the log goes on after the end"
                return world.outcome
        return "the log stops before the goal is reached"

    def instructions(self, lang: str, wrapper: str) -> str:
        """Ask for one action a reply."""
        form = _FORMS[lang][wrapper]
        return {
            "en": f"You act in turns. Reply with one action each time, {form}; you then see "
            "what it brought.",
            "zh": f"这是多回合任务：每次回复一个动作，{form}，随后会看到结果。",
        }[lang]


def wrong_logs(question: dict[str, Any], log: list[str]) -> list[str]:
    """Return logs that are wrong whatever the rules: cut short, too late, going on, unreadable."""
    delayed = [LOST] * question["budget"] + log
    logs = (log[:-1], delayed, [*log, log[-1]], ["?", *log])
    return ["\n".join(lines) for lines in logs if lines]


@dataclass(frozen=True, slots=True)
class Step:
    """What an action brought.

    Args:
        observation: What the player sees.
        reward: 1.0 on the step that reaches the goal, else 0.0.
        done: Whether the episode is over.
        reason: Once over without the goal, why; else empty.
    """

    observation: str
    reward: float
    done: bool
    reason: str


class Episode:
    """A case being played.

    Args:
        task: A multi-turn task.
        case: One of its cases.
        lang: Language of prompt and observations.
        wording: Wording of the prompt, as for `Task.prompt`.
        wrapper: Wrapper that the prompt asks for; a reply without any wrapper is taken whole.

    Raises:
        RequestError: If the task is not played in turns, or the language is unknown.
        CaseError: If the case belongs to another task.
    """

    def __init__(
        self,
        task: Task,
        case: Case,
        *,
        lang: str = "en",
        wording: int | str = 0,
        wrapper: str = "answer",
    ) -> None:
        if not isinstance(task, MultiTurnTask):
            raise RequestError(f"{task.id} is not played in turns; use task.score")
        if lang not in LANGS:
            raise RequestError(f"lang must be one of {LANGS}, got {lang!r}")
        self.task, self.case = task, case
        self.prompt = task.prompt(case, lang=lang, wording=wording, wrapper=wrapper)
        self.log: list[str] = []
        self._world = task.world(case.question, lang)

    @classmethod
    def replay(cls, task: Task, case: Case, log: Sequence[str], *, lang: str = "en") -> "Episode":
        """Rebuild an episode from its log."""
        episode = cls(task, case, lang=lang)
        for action in log:
            episode.step(action)
        return episode

    @property
    def turns_left(self) -> int:
        """Actions that may still be taken."""
        return self._world.turns_left

    @property
    def done(self) -> bool:
        """Whether the episode is over."""
        return self._world.outcome is not None

    def step(self, reply: str) -> Step:
        """Take the action in a reply: what its last closed wrapper holds, else all of it.

        Raises:
            RequestError: If the episode is over.
        """
        if self.done:
            raise RequestError("the episode is over; make a new one")
        action = _action_of(reply)
        seen = self._world.take(action)
        self.log.append(action if self._world.readable else LOST)
        outcome = self._world.outcome
        return Step(seen, 1.0 if outcome == "" else 0.0, outcome is not None, outcome or "")

    def score(self) -> Score:
        """Return the verdict on the episode so far, equal to that on its log."""
        reason = self._world.outcome
        if reason is None:
            reason = "the log stops before the goal is reached"
        return Score(0.0, "wrong", reason) if reason else Score(1.0, "correct", "")


def _action_of(reply: str) -> str:
    for wrapper in ("auto", "plain"):
        try:
            return one_line(extract(reply, wrapper, multiline=True))
        except AnswerError:
            continue
    return LOST
