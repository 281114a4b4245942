"""The door to compressors that others wrote: the packages of the extra `peers`, imported when one is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(package: str) -> Any:
    """The package, imported.

    Raises:
        ValueError: it, or something it needs, is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ValueError(
            f"this method needs the package {package} ({error}): pip install -e '.[peers]', for kvpress on a Python "
            "before 3.13"
        ) from error
