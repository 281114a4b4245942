"""What every parser makes of a row, whatever the format: the form in which the sets meet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from adamem.benchmarks.item import Fact


@dataclass(frozen=True)
class Record:
    """A question on documents, with all answers that the set accepts.

    Attributes:
        id: The set's own id, or a digest of the text where it gives none; unique within the set.
        family: What must stay on one side of a split (a document, an article); the id where that is all.
        gold: Documents that carry the evidence, where the set tells.
        answers: The accepted texts, the first being the one to train on.
        facts: What an answer is checked for besides (all needles, the other classes); see `evaluation.official`.
    """

    id: str
    question: str
    documents: tuple[str, ...]
    answers: tuple[str, ...]
    gold: tuple[int, ...] = ()
    family: str = ""
    facts: tuple[Fact, ...] = ()


def digest(*texts: str) -> str:
    """A short name for a text without one."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
