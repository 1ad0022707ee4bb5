"""Tests that share a costly result run in one worker, so that it is made once."""

from pathlib import Path

import pytest

COSTLY = {"finished": 0, "records": 0, "results": 0, "finished_run": 2}
"""Fixtures that take long to make: made per file (0), or per folder of so many path parts."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of one group; pytest-xdist gives a group to one worker."""
    for item in items:
        for name in COSTLY.keys() & set(getattr(item, "fixturenames", ())):
            parts = item.path.relative_to(Path(__file__).parent).parts
            place = "-".join(parts[: COSTLY[name] or len(parts)])
            item.add_marker(pytest.mark.xdist_group(f"{name} of {place}"))
