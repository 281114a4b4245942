"""Which side of the experiment a document or entity is on: one function for everything.

The side follows from the key alone, by a cryptographic hash: it does not depend on order, on how much data there
is, on the seed or on the Python process. So the corpus, the benchmark groups and the feature statistics agree
without sharing a file, and adding a document moves no other.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Split = Literal["train", "validation", "test"]
TEST, VALIDATION = 0.15, 0.10


def split_of(key: str) -> Split:
    """The side of a key such as `country:Peru` or `speech:1981-Carter-1`: 75 % train, 10 % validation, 15 % test."""
    position = position_of(key, "split")
    if position < TEST:
        return "test"
    return "validation" if position < TEST + VALIDATION else "train"


def position_of(key: str, purpose: str) -> float:
    """An even, stable position in [0, 1); those for two purposes are independent of each other."""
    digest = hashlib.sha256(f"{purpose}\n{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
