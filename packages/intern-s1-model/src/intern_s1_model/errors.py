"""Errors of this package.

InternS1Error
└── CheckpointError (also ValueError): files and model do not fit each other
"""


class InternS1Error(Exception):
    """Base of the errors raised here that callers may want to tell from others."""


class CheckpointError(InternS1Error, ValueError):
    """Keys are missing, extra or misshapen, or a file cannot be read.

    Attributes:
        missing: Keys the model needs and the files lack.
        extra: Keys in the files that the model has no place for.
        misshapen: `key: got [..], expected [..]` for each wrong shape.
    """

    def __init__(
        self,
        message: str,
        *,
        missing: tuple[str, ...] = (),
        extra: tuple[str, ...] = (),
        misshapen: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.missing = missing
        self.extra = extra
        self.misshapen = misshapen
