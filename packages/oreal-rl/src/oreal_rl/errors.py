"""Errors of the package; each leaf is also a standard-library type.

OrealError
├── ConfigError            (ValueError)    a setting is impossible or contradicts another
├── PromptError            (ValueError)    the prompt provider gave something that cannot be used
├── GroupSizeError         (ValueError)    a group is too small for the asked estimate
├── SamplerError           (RuntimeError)  a sampler gave malformed rollouts or could not generate
├── WeightSyncError        (RuntimeError)  the engine does not hold the weights it was sent
├── VerifierError          (RuntimeError)  the verifier raised, hung or answered with a wrong shape
├── RewardValueError       (ValueError)    a reward is not a number in the declared range
├── NonFiniteError         (ArithmeticError) a loss or gradient stopped being finite
└── StateError             (ValueError)    a saved state does not fit this trainer
"""


class OrealError(Exception):
    """Root of every error raised on purpose by this package."""


class ConfigError(OrealError, ValueError):
    """A setting is impossible or contradicts another one."""


class PromptError(OrealError, ValueError):
    """The prompt provider gave something that cannot be used."""


class GroupSizeError(OrealError, ValueError):
    """A group has too few rollouts for the asked estimate."""


class SamplerError(OrealError, RuntimeError):
    """A sampler gave malformed rollouts or could not generate."""


class WeightSyncError(OrealError, RuntimeError):
    """The rollout engine does not hold the weights it was sent."""


class VerifierError(OrealError, RuntimeError):
    """The verifier raised, hung or answered with a wrong shape."""


class RewardValueError(OrealError, ValueError):
    """A reward is not a number in the declared range."""


class NonFiniteError(OrealError, ArithmeticError):
    """A loss or a gradient stopped being finite."""


class StateError(OrealError, ValueError):
    """A saved state does not fit this trainer."""
