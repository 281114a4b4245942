"""Outputs that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden sibling to write into; it takes the place of `folder`, or of a link to one, when the block ends well.

    After an error or Ctrl-C the sibling is gone and what stood in `folder` before is untouched. A killed process
    leaves hidden siblings behind, and the next start removes them. Whenever it was killed, the old folder or the new
    one is there whole, at worst under the hidden name `.NAME.old`, from which the next start brings it back.

    Raises:
        ValueError: a file stands in the place of the folder, a hidden sibling cannot be removed, or the disk is full.
    """
    scratch, old = folder.with_name(f".{folder.name}.partial"), _aside(folder)
    if folder.is_file():
        raise ValueError(f"{folder}: is a file, where a folder is to be written; remove it or choose another place")
    _remove(scratch)
    _bring_back(old, folder)
    for left in (scratch, old):
        if os.path.lexists(left):
            raise ValueError(f"{left}: is left of an earlier start and cannot be removed; remove it by hand")
    try:
        with disk_errors(folder):
            scratch.mkdir(parents=True)
            yield scratch
            swap(scratch, folder)
    finally:
        _remove(scratch)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A sibling to write a file into; it takes the place of `path` when the block ends well, and is gone if not.

    Raises:
        ValueError: the disk is full.
    """
    half = path.with_name(path.name + ".part")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield half
            with half.open("rb") as stream:
                os.fsync(stream.fileno())  # else a power cut may leave the new name and none of what stands in it
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """A text file, with the same line ends everywhere; it appears whole or not at all."""
    with whole(path) as half:
        half.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, tree: Any, indent: int = 2) -> None:
    """JSON that git can compare line by line; it appears whole or not at all."""
    write_text(path, json.dumps(tree, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def swap(new: Path, folder: Path) -> None:
    """Put `new` in the place of what stands in `folder`, which goes only then."""
    old = _aside(folder)
    _bring_back(old, folder)
    try:
        if os.path.lexists(folder):
            folder.replace(old)
        new.replace(folder)
    except BaseException:  # Ctrl-C too
        _bring_back(old, folder)
        raise
    _remove(old)


def _aside(folder: Path) -> Path:
    """Where what stands in a folder waits until another has taken its place."""
    return folder.with_name(f".{folder.name}.old")


def _bring_back(old: Path, folder: Path) -> None:
    """Undo half a swap; what is left of a whole one goes."""
    if os.path.lexists(old) and not os.path.lexists(folder):
        old.replace(folder)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
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
