import datetime
import importlib.util
import locale
import os
import random
import sys
import time

import pytest

from internbootcamp_env import audit, draws
from internbootcamp_env.audit.source import forbidden_in


@pytest.mark.parametrize(
    "look",
    [
        lambda: random.random(),
        lambda: random.Random(),
        lambda: random.seed(1),
        lambda: time.time(),
        lambda: time.strftime("%Y"),
        lambda: datetime.datetime.now(),
        lambda: datetime.date.today(),
        lambda: os.environ["HOME"],
        lambda: os.environ.get("HOME"),
        lambda: os.getenv("HOME"),
        lambda: os.urandom(1),
        lambda: locale.getlocale(),
    ],
)
def test_what_is_sealed_raises_and_works_again_afterwards(look):
    with audit.sealed(), pytest.raises(AssertionError, match="a task must not use"):
        look()
    state = random.getstate()
    look()
    random.setstate(state)


def test_what_is_keyed_still_works_when_sealed():
    with audit.sealed():
        assert draws.Draws(7).below(10) == draws.Draws(7).below(10)
        assert datetime.date(2026, 2, 28).weekday() == 5


def test_forbidden_source_is_named_with_its_line(tmp_path):
    path = tmp_path / "unsafe_family.py"
    path.write_text(
        "import pickle\nfrom os import path\n\ndef f(x):\n    return eval(x) or x.today\n"
    )
    spec = importlib.util.spec_from_file_location("unsafe_family", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["unsafe_family"] = module
    try:
        spec.loader.exec_module(module)
        found = forbidden_in("unsafe_family")
    finally:
        del sys.modules["unsafe_family"]
    lines = sorted((line.split(":")[0], line.split(": ")[1].split()[0]) for line in found)
    assert lines == [
        ("unsafe_family, line 1", "pickle"),
        ("unsafe_family, line 2", "os"),
        ("unsafe_family, line 5", "eval"),
        ("unsafe_family, line 5", "today"),
    ]
