"""Errors that a user of a program can cause and mend.

```text
ProgramError                 one line for the user, exit code 2
├── ConfigError              a key, a type or a value of the configuration (also ValueError)
├── DataError                a line or a file of a data set (also ValueError)
├── CheckpointError          a checkpoint that is damaged or does not fit (also ValueError)
└── RunFolderError           the run folder: missing, taken, full (also OSError)
```

Each message says what was wrong, what was got, what was expected and the remedy.
"""


class ProgramError(Exception):
    """Something that the user can mend; programs print it as one line and exit with 2."""


class ConfigError(ProgramError, ValueError):
    """A configuration key, type or value is wrong."""


class DataError(ProgramError, ValueError):
    """A data file or one of its lines is wrong."""


class CheckpointError(ProgramError, ValueError):
    """A checkpoint is damaged, or belongs to another model or run."""


class RunFolderError(ProgramError, OSError):
    """The run folder cannot be made, found or written."""
