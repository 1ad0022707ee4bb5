"""Seal off everything a task must not look at or change: chance, clock, locale, environment.

Inside `sealed()` the functions raise. `fingerprint_of_process()` tells whether something changed
the state that they guard.
"""

import datetime
import locale
import os
import random
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

_RANDOM = (
    "betavariate", "choice", "choices", "expovariate", "gauss", "getrandbits", "getstate",
    "normalvariate", "randbytes", "randint", "random", "randrange", "sample", "seed", "setstate",
    "shuffle", "triangular", "uniform", "SystemRandom",
)  # fmt: skip
_TIME = (
    "ctime", "gmtime", "localtime", "monotonic", "perf_counter", "strftime", "time", "time_ns",
)  # fmt: skip
_LOCALE = ("getlocale", "localeconv", "setlocale", "getpreferredencoding", "strcoll", "strxfrm")
_OS = ("getcwd", "getenv", "getpid", "urandom", "putenv", "unsetenv", "chdir")


def _refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a task must not use global chance, the clock, the locale or the process")


class _KeyedRandom(random.Random):
    """Accepts a key and nothing else: without one, the seed would come from the system."""

    def __init__(self, *key: Any) -> None:
        if not key or key[0] is None:
            _refuse()
        super().__init__(*key)


class _Date(datetime.date):
    @classmethod
    def today(cls) -> NoReturn:
        _refuse()


class _DateTime(datetime.datetime):
    @classmethod
    def today(cls) -> NoReturn:
        _refuse()

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> NoReturn:
        _refuse()

    @classmethod
    def utcnow(cls) -> NoReturn:
        _refuse()


class _Environment(MutableMapping[str, str]):
    """The environment, every look at which raises."""

    __getitem__ = __setitem__ = __delitem__ = __iter__ = __len__ = _refuse  # type: ignore[assignment]


@contextmanager
def sealed() -> Iterator[None]:
    """Make global chance, the clock, the locale and the environment raise when they are used.

    Modules of this package that hold `date` or `datetime` themselves get the sealed classes too.
    """
    with ExitStack() as stack:
        for module, names in ((random, _RANDOM), (time, _TIME), (locale, _LOCALE), (os, _OS)):
            stack.enter_context(mock.patch.multiple(module, **dict.fromkeys(names, _refuse)))
        stack.enter_context(mock.patch.object(random, "Random", _KeyedRandom))
        stack.enter_context(mock.patch.object(os, "environ", _Environment()))
        swaps = {datetime.date: _Date, datetime.datetime: _DateTime}
        stack.enter_context(mock.patch.multiple(datetime, date=_Date, datetime=_DateTime))
        package = __name__.split(".")[0]
        for name, module in list(sys.modules.items()):
            if name.startswith(f"{package}.") and name != __name__:
                for attribute, value in list(vars(module).items()):
                    if isinstance(value, type) and value in swaps:
                        stack.enter_context(mock.patch.object(module, attribute, swaps[value]))
        yield


def fingerprint_of_process() -> str:
    """Return a hash of the state that no task may change."""
    state = (
        random.getstate(),
        sorted(os.environ.items()),
        locale.setlocale(locale.LC_ALL),
        str(Path.cwd()),
        sys.getrecursionlimit(),
        sys.path,
    )
    return blake2b(repr(state).encode(), digest_size=16).hexdigest()
