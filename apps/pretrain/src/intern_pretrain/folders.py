"""Folders that appear whole: written beside their place, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_folder(folder: Path) -> Iterator[Path]:
    """Give a draft folder to fill; on success it takes the place of `folder`.

    A kill leaves at most a draft, whose name begins with a dot; the next call removes it.

    Args:
        folder: Where the result shall stand; what stands there is replaced.

    Yields:
        The draft folder, empty.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.glob(f".{folder.name}.*.draft"):
        shutil.rmtree(stale, ignore_errors=True)
    draft = folder.parent / f".{folder.name}.{os.getpid()}.draft"
    draft.mkdir()
    try:
        yield draft
        if folder.exists():
            old = folder.parent / f".{folder.name}.old.{os.getpid()}.draft"
            folder.rename(old)
            draft.rename(folder)
            shutil.rmtree(old)
        else:
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
