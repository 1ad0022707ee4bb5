"""Errors of the package.

```text
DistillError
├── ConfigError         an impossible setting (also ValueError)
├── FeatureError        a module name without feature maps, or without any now (also LookupError)
├── ShapeError          feature maps that do not fit together (also ValueError)
├── TeacherError        a teacher, or its checkpoint, that cannot be used (also ValueError)
└── CacheError          a damaged or unfitting cache of teacher features (also OSError)
```

Each message says what was wrong, what was got, what was expected and the remedy.
"""


class DistillError(Exception):
    """Base of all errors that this package raises on bad input."""


class ConfigError(DistillError, ValueError):
    """A setting has an impossible value."""


class FeatureError(DistillError, LookupError):
    """A module named as a source of features is missing, silent or of the wrong kind."""


class ShapeError(DistillError, ValueError):
    """Feature maps of student and teacher cannot be compared."""


class TeacherError(DistillError, ValueError):
    """The teacher or its checkpoint cannot be used."""


class CacheError(DistillError, OSError):
    """The cache of teacher features is damaged, full or of another teacher."""
