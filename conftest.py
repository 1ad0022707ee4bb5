"""Tests that share a costly result run in one worker, so that it is made once."""

from pathlib import Path

import pytest

COSTLY = {"finished_run", "finished", "records", "results", "checkpoint", "small_corpus"}
"""Fixtures that take longer to make than the tests take to look at."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of one group; pytest-xdist gives a group to one worker."""
    for item in items:
        for name in COSTLY.intersection(getattr(item, "fixturenames", ())):
            # The same name in two members is two fixtures.
            member = "-".join(item.path.relative_to(Path(__file__).parent).parts[:2])
            group = f"{name} of {member if name == 'finished_run' else item.path.stem}"
            item.add_marker(pytest.mark.xdist_group(group))
