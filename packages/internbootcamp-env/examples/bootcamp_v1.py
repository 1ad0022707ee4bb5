"""The module whose name is the id of a verifiers taskset.

verifiers finds a taskset by the name of a top-level module that exports it. A package of your own
would hold these two lines, and a configuration that pins the mixture.
"""

from internbootcamp_env.integrations.verifiers import BootcampTaskset, BootcampTurnsEnv

__all__ = ["BootcampTaskset", "BootcampTurnsEnv"]
