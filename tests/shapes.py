"""The type checker that jaxtyping calls on every function of the model code while tests run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep3119Exception

CONFIGURATION = BeartypeConf(is_pep484_tower=True)  # a whole number will do where a float is asked for


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check arguments and result; a protocol cannot be checked at run time, and is left to pyright."""
    try:
        return beartype(conf=CONFIGURATION)(function)
    except BeartypeDecorHintPep3119Exception:
        return function
