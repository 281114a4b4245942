"""What all commands do alike: a user's mistake ends in one line, and a place that cannot be written is refused before
the work and not after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def plain_errors() -> Iterator[None]:
    """A line instead of a stack of ours, where the message is meant for users."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        sys.exit(f"error: {error}")


def writable(folder: Path) -> Path:
    """The folder, in full, if files can be written there; it need not exist yet.

    Raises:
        ValueError: it or a folder above it is a file, or may not be written.
    """
    place = folder.resolve()
    there = next(above for above in (place, *place.parents) if above.exists())
    if not there.is_dir():
        raise ValueError(f"{folder}: {there} is a file; choose another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{folder}: {there} may not be written; choose another folder")
    return place
