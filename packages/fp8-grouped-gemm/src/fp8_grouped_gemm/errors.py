"""The errors this package raises.

```text
Fp8GroupedGemmError
├── ShapeError        (also ValueError)    a tensor's shape or stride does not fit
├── DtypeError        (also TypeError)     a tensor's element type does not fit
├── DeviceError       (also ValueError)    tensors live on different devices
├── GroupSizeError    (also ValueError)    group sizes are negative or exceed the rows there are
├── OptionError       (also ValueError)    an option has a value that does not exist
└── BackendError      (also RuntimeError)  the chosen backend cannot run here
```

Every message says what was wrong, what was got, what was expected and what to do.
"""

from __future__ import annotations


class Fp8GroupedGemmError(Exception):
    """Root of every error raised by this package."""


class ShapeError(Fp8GroupedGemmError, ValueError):
    """A tensor's shape or stride does not fit the operation."""


class DtypeError(Fp8GroupedGemmError, TypeError):
    """A tensor's element type does not fit the operation."""


class DeviceError(Fp8GroupedGemmError, ValueError):
    """Tensors of one call live on different devices."""


class GroupSizeError(Fp8GroupedGemmError, ValueError):
    """Group sizes are negative or add up to more rows than there are."""


class OptionError(Fp8GroupedGemmError, ValueError):
    """An option has a value that does not exist."""


class BackendError(Fp8GroupedGemmError, RuntimeError):
    """The chosen backend cannot run on this machine or these tensors."""
