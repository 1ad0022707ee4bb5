"""All that a run asks: tasks of the environment, questions of a file, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intern_rl.config import RunConfig
from intern_rl.mixture import Question, TaskMixture
from intern_rl.prompt_file import FileQuestion, PromptFile
from oreal_rl.types import Prompt

AnyQuestion = Question | FileQuestion


@dataclass(frozen=True)
class Questions:
    """Where questions come from.

    Args:
        mixture: The tasks, if any.
        file: The file of prompts, if any.
        file_share: Share of the questions of a step that come from the file.
    """

    mixture: TaskMixture | None
    file: PromptFile | None
    file_share: float

    @classmethod
    def of(cls, config: RunConfig) -> "Questions":
        """The questions of a run.

        Raises:
            ConfigError: If a pattern matches nothing or a level is impossible.
            DataError: If the file is missing or wrong.
        """
        tasks, prompts, mixture, file = config.tasks, config.prompts, None, None
        if tasks is not None:
            mixture = TaskMixture.from_patterns(
                tasks.patterns, seed=config.seed, level=tasks.level, wording=tasks.wording
            )
        if prompts is not None:
            file = PromptFile(prompts, seed=config.seed)
        share = (
            prompts.share
            if prompts is not None and mixture is not None
            else float(file is not None)
        )
        return cls(mixture, file, share)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, the file's last."""
        tasks = self.mixture.tasks if self.mixture is not None else ()
        return (*tasks, self.file.task) if self.file is not None else tasks

    def draw(
        self, name: str, index: int, count: int, weights: Mapping[str, float]
    ) -> list[AnyQuestion]:
        """Training questions for one step, a pure function of the arguments.

        Args:
            name: Stage that asks; stages see different questions.
            index: Step of the stage.
            count: Questions to draw.
            weights: Weight per task.
        """
        from_file = round(count * self.file_share)
        drawn: list[AnyQuestion] = []
        if self.mixture is not None and count > from_file:
            drawn += self.mixture.draw(name, index, count - from_file, weights)
        if self.file is not None:
            drawn += self.file.draw(index * from_file, from_file)
        return drawn

    def held_out(self, per_task: int) -> dict[str, list[AnyQuestion]]:
        """Questions that no training stage sees, by task; a task without any is left out."""
        found: dict[str, list[AnyQuestion]] = {}
        if self.mixture is not None:
            found.update(self.mixture.held_out(per_task))
        if self.file is not None and (questions := self.file.held_out(per_task)):
            found[self.file.task] = list(questions)
        return found


def as_prompt(question: AnyQuestion, token_ids: Sequence[int]) -> Prompt:
    """A question in the form that the trainer takes; the question travels as its payload."""
    return Prompt(
        text=question.prompt,
        token_ids=tuple(token_ids),
        task=question.task,
        case=question,
        uid=question.uid,
    )
