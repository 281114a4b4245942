"""Outputs that appear whole or not at all."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden sibling to write into; it takes the place of `folder` when the block ends well.

    After an error or Ctrl-C the sibling is gone and what stood in `folder` before is untouched. A killed process
    leaves the sibling behind, and the next start removes it.

    Raises:
        ValueError: the disk is full.
    """
    scratch = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with disk_errors(folder):
            scratch.mkdir(parents=True)
            yield scratch
            shutil.rmtree(folder, ignore_errors=True)
            scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn a full disk into an error that says where room is needed."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ValueError(f"{place}: no space left on this disk; free some and run the stage again") from error
