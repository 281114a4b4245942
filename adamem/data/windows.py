"""Pretraining windows: stretches of one document cut into context, prefix and continuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adamem import config
from adamem.data.tokens import TokenStore


@dataclass(frozen=True)
class Window:
    """A stretch of text: what is compressed, what is given, what is to be written. Token ids."""

    context: list[int]
    prefix: list[int]
    continuation: list[int]


def for_training(tokens: Path, settings: config.Teacher, seed: int) -> list[Window]:
    """The windows of phase 1; the teacher is asked about the same ones in the same order."""
    return sample(TokenStore.open(tokens, "train"), settings.windows, settings, seed)


def sample(documents: Sequence[np.ndarray], count: int, settings: config.Teacher, seed: int) -> list[Window]:
    """`count` windows, documents drawn by their length, start drawn evenly.

    A document shorter than a whole window gives a shorter context; one with less than two tokens of context
    gives none.

    Raises:
        ValueError: no document is long enough.
    """
    tail = settings.prefix_tokens + settings.continuation_tokens
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    usable = np.maximum(lengths - tail - 1, 0)
    if not usable.any():
        raise ValueError(
            f"phase1.teacher: prefix and continuation take {tail} tokens, and no document of the corpus is longer; "
            "shorten them"
        )
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(documents), size=count, p=usable / usable.sum())
    return [_cut(documents[int(index)], settings, rng) for index in chosen]


def _cut(document: np.ndarray, settings: config.Teacher, rng: np.random.Generator) -> Window:
    tail = settings.prefix_tokens + settings.continuation_tokens
    length = min(settings.context_tokens, len(document) - tail)
    start = int(rng.integers(0, len(document) - tail - length + 1))
    ids = document[start : start + length + tail].tolist()
    return Window(ids[:length], ids[length : length + settings.prefix_tokens], ids[length + settings.prefix_tokens :])


def within(window: Window, start: float) -> Window:
    """The same context, but prefix and continuation are a stretch of it: to be written out again from memory.

    `start` in [0, 1) says where the stretch begins. A context shorter than prefix and continuation gives what it has.
    """
    prefix, length = len(window.prefix), len(window.prefix) + len(window.continuation)
    first = int(start * max(1, len(window.context) - length + 1))
    stretch = window.context[first : first + length]
    cut = min(prefix, len(stretch) // 2)
    return Window(window.context, stretch[:cut], stretch[cut:])
