"""The mixture of tasks: which case comes next, how it is asked, and who judges the answer.

Online reinforcement learning draws tasks by how much there is to learn from them: a task whose
answers are all right or all wrong gives no gradient, so the weight of a task is the variance
p (1 - p) of its running pass rate, with a floor so that none is ever dropped for good
(Intern-S1, arXiv 2508.15763, online RL: prompts are filtered by pass rate).
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import internbootcamp_env as bootcamp
from intern_runs import ConfigError
from oreal_rl.types import RolloutGroup

FLOOR_WEIGHT = 0.03
"""Least weight of a task; p (1 - p) is at most 0.25."""
RATE_MOMENTUM = 0.8
"""Share of the old pass rate kept at each group of a task."""


@dataclass(frozen=True)
class Question:
    """A case of a task, as the policy sees it."""

    case: bootcamp.Case
    prompt: str
    has_verifier: bool = field(default=True, init=False)

    @property
    def uid(self) -> str:
        """Identity for caches and audits."""
        return f"{self.task}/{self.case.fingerprint}"

    @property
    def task(self) -> str:
        """Id of the task."""
        return self.case.task

    def oracle(self) -> str:
        """A right answer."""
        return bootcamp.get(self.task).oracle(self.case)

    def score(self, response: str) -> bootcamp.Score:
        """Judge a response that is the answer and nothing else."""
        return bootcamp.get(self.task).score(self.case, response, bootcamp.PLAIN)


@dataclass(frozen=True)
class TaskMixture:
    """Cases of several tasks, each at its level, asked in one wording.

    Args:
        levels: Difficulty, 1 to 10, of each task, by id.
        seed: Seed of every case.
        wording: Which wording asks, see `internbootcamp_env.Task.prompt`.
    """

    levels: Mapping[str, int]
    seed: int
    wording: int | str

    @classmethod
    def from_patterns(
        cls, patterns: Sequence[str], *, seed: int, level: int, wording: int | str
    ) -> "TaskMixture":
        """Choose tasks by patterns such as `chem.*`.

        Args:
            patterns: A leading `!` takes tasks out again; `@4` at the end sets their level.
            seed: Seed of every case.
            level: Level of tasks whose pattern names none.
            wording: Which wording asks.

        Raises:
            ConfigError: If a pattern matches nothing, a level is impossible, or nothing is left.
        """
        chosen: dict[str, int] = {}
        for pattern in patterns:
            name, _, suffix = pattern.lstrip("!").partition("@")
            try:
                tasks = bootcamp.names(name)
            except bootcamp.UnknownTaskError as error:
                raise ConfigError(f"tasks.patterns: {error}") from None
            if suffix and not (suffix.isdecimal() and int(suffix) in bootcamp.LEVELS):
                raise ConfigError(
                    f"tasks.patterns: {pattern!r} asks for level {suffix!r}; levels are 1 to 10"
                )
            for task in tasks:
                if pattern.startswith("!"):
                    chosen.pop(task, None)
                else:
                    chosen[task] = int(suffix or level)
        if not chosen:
            raise ConfigError(f"tasks.patterns: {list(patterns)} leave no task; name at least one")
        return cls(dict(sorted(chosen.items())), seed, wording)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Ids of the tasks, sorted."""
        return tuple(self.levels)

    def question(self, task: str, split: str, index: int) -> Question:
        """The question of a task at an index of a split."""
        spec = bootcamp.get(task)
        case = spec.generate(split=split, seed=self.seed, index=index, level=self.levels[task])
        return Question(case, spec.prompt(case, wording=self.wording, wrapper="plain"))

    def draw(
        self, name: str, index: int, count: int, weights: Mapping[str, float] | None = None
    ) -> list[Question]:
        """Training questions for one step, a pure function of the arguments.

        Args:
            name: Stage that asks; stages see different questions.
            index: Step of the stage.
            count: Questions to draw.
            weights: Weight per task; equal ones by default.
        """
        draws = random.Random(f"{name}/{self.seed}/{index}")
        masses = None if weights is None else [weights[task] for task in self.tasks]
        tasks = draws.choices(self.tasks, weights=masses, k=count)
        base = int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) << 24
        return [
            self.question(task, "train", base + index * count + place)
            for place, task in enumerate(tasks)
        ]

    def wordings(self, per_task: int) -> list[str]:
        """What the questions of each task have in common, for training a tokenizer.

        The parts that differ, such as sequences and numbers, are left out: pieces that join their
        letters would hide from the model the positions that most tasks are about.

        Args:
            per_task: Questions looked at, and copies returned, per task.
        """
        texts = []
        for task in self.tasks:
            questions = [self.question(task, "train", -1 - i).prompt for i in range(per_task)]
            shared = set.intersection(*(set(question.split()) for question in questions))
            texts += [" ".join(word for word in questions[0].split() if word in shared)] * per_task
        return texts

    def held_out(self, per_task: int) -> dict[str, list[Question]]:
        """Distinct questions of the test split; fewer than asked where a task has no more."""
        found: dict[str, list[Question]] = {}
        for task in self.tasks:
            distinct: dict[str, Question] = {}
            for index in range(4 * per_task):
                question = self.question(task, "test", index)
                distinct.setdefault(question.case.fingerprint, question)
                if len(distinct) == per_task:
                    break
            found[task] = list(distinct.values())
        return found


def group_rates(groups: Iterable[RolloutGroup], threshold: float) -> list[tuple[str, float]]:
    """Task and pass rate of each group that has a reward.

    Args:
        groups: Of one step.
        threshold: Reward from which an answer is right.
    """
    rates = []
    for group in groups:
        rewards = [reward for reward in group.rewards if reward is not None]
        if rewards:
            right = sum(reward >= threshold for reward in rewards)
            rates.append((group.prompt.task, right / len(rewards)))
    return rates


class PassRates:
    """Running pass rate per task, and the weights that follow from it.

    Args:
        tasks: Ids of the tasks; all start at one half, the most uncertain rate.
    """

    def __init__(self, tasks: Iterable[str]) -> None:
        self.rates = dict.fromkeys(tasks, 0.5)

    def update(self, rates: Iterable[tuple[str, float]]) -> None:
        """Take in tasks with the pass rate of a group each, see `group_rates`."""
        for task, new in rates:
            self.rates[task] = RATE_MOMENTUM * self.rates[task] + (1 - RATE_MOMENTUM) * new

    def weights(self) -> dict[str, float]:
        """Weight per task: p (1 - p), with a floor."""
        return {task: rate * (1 - rate) + FLOOR_WEIGHT for task, rate in self.rates.items()}

    def state_dict(self) -> dict[str, Any]:
        """The rates."""
        return dict(self.rates)

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Restore the rates."""
        self.rates = dict(state)
