"""Outputs that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden sibling to write into; it takes the place of `folder`, or of a link to one, when the block ends well.

    After an error or Ctrl-C the sibling is gone and what stood in `folder` before is untouched. A killed process
    leaves hidden siblings behind, and the next start removes them. Whenever it was killed, the old folder or the new
    one is there whole, at worst under the hidden name `.NAME.old`, from which the next start brings it back.

    Raises:
        ValueError: a file stands in the place of the folder, or the disk is full.
    """
    scratch, old = (folder.with_name(f".{folder.name}.{end}") for end in ("partial", "old"))
    if folder.is_file():
        raise ValueError(f"{folder}: is a file, where a folder is to be written; remove it or choose another place")
    _remove(scratch)
    _bring_back(old, folder)
    try:
        with disk_errors(folder):
            scratch.mkdir(parents=True)
            yield scratch
            _swap(scratch, folder, old)
    finally:
        _remove(scratch)


def _swap(new: Path, folder: Path, old: Path) -> None:
    """Put `new` in the place of what stands in `folder`, which goes only then."""
    if os.path.lexists(folder):
        folder.replace(old)
    try:
        new.replace(folder)
    except OSError:
        _bring_back(old, folder)
        raise
    _remove(old)


def _bring_back(old: Path, folder: Path) -> None:
    """Undo half a swap; what is left of a whole one goes."""
    if os.path.lexists(old) and not os.path.lexists(folder):
        old.replace(folder)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn a full disk into an error that says where room is needed."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ValueError(f"{place}: no space left on this disk; free some and run the stage again") from error
