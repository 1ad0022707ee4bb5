"""Every error this package raises on purpose.

    BootcampError
    ├── UnknownTaskError    (also LookupError)   no task, or no pattern match, under that name
    ├── RequestError        (also ValueError)    a bad split, level, language, wording or option
    ├── CaseError           (also ValueError)    a case that is malformed or belongs elsewhere
    ├── GenerationError     (also RuntimeError)  no instance found within the attempt budget
    ├── ScoringError        (also RuntimeError)  a verifier crashed: its own bug, never reward 0
    └── AnswerError         (also ValueError)    an answer that cannot be read; becomes a Score
        ├── UnparsableAnswer
        └── OverLimitAnswer

The last two never leave `Task.score`.
"""


class BootcampError(Exception):
    """Root of the tree above."""


class UnknownTaskError(BootcampError, LookupError):
    """No registered task has this name, or no task matches this pattern."""


class RequestError(BootcampError, ValueError):
    """An argument such as split, level, lang, wording or wrapper is not one of the allowed ones."""


class CaseError(BootcampError, ValueError):
    """A case is malformed, or was made by another task or another version of the task."""


class GenerationError(BootcampError, RuntimeError):
    """The generator found no admissible instance within its attempt budget."""


class ScoringError(BootcampError, RuntimeError):
    """The verifier itself failed. The cause is chained; the answer's reward is undefined, not 0."""


class AnswerError(BootcampError, ValueError):
    """Base of the two reasons why an answer could not be read."""

    status = "unparsable"


class UnparsableAnswer(AnswerError):
    """The text does not have the form that the task asks for."""


class OverLimitAnswer(AnswerError):
    """The text is longer, deeper or larger than the documented limits."""

    status = "over_limit"
