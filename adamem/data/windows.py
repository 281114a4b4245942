"""Pretraining windows: stretches of one document cut into context, prefix and continuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from adamem import config
from adamem.data.tokens import TokenStore


@dataclass(frozen=True)
class Window:
    """A stretch of text: what is compressed, what is given, what is to be written. Token ids."""

    context: list[int]
    prefix: list[int]
    continuation: list[int]


class Windows(Sequence[Window]):
    """Drawn windows, of which only the places are held: 16 bytes each. The ids are read when one is asked for.

    So a billion tokens of windows take a few MB, and any process can read any window without the others.
    """

    def __init__(
        self, documents: Sequence[np.ndarray], chosen: np.ndarray, starts: np.ndarray, settings: config.Teacher
    ) -> None:
        self.documents, self.chosen, self.starts, self.settings = documents, chosen, starts, settings

    def __len__(self) -> int:
        return len(self.chosen)

    @overload
    def __getitem__(self, index: int) -> Window: ...
    @overload
    def __getitem__(self, index: slice) -> list[Window]: ...
    def __getitem__(self, index: int | slice) -> Window | list[Window]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        document, start = self.documents[int(self.chosen[index])], int(self.starts[index])
        return _cut(document, start, self.settings)


def for_training(tokens: Path, settings: config.Teacher, seed: int) -> Windows:
    """The windows of phase 1; the teacher is asked about the same ones in the same order."""
    return sample(TokenStore.open(tokens, "train"), settings.windows, settings, seed)


def sample(documents: Sequence[np.ndarray], count: int, settings: config.Teacher, seed: int) -> Windows:
    """`count` windows, documents drawn by their length, start drawn evenly.

    A document shorter than a whole window gives a shorter context; one with less than two tokens of context
    gives none.

    Raises:
        ValueError: no document is long enough.
    """
    tail = settings.prefix_tokens + settings.continuation_tokens
    lengths = _lengths(documents)
    usable = np.maximum(lengths - tail - 1, 0)
    if not usable.any():
        raise ValueError(
            f"phase1.teacher: prefix and continuation take {tail} tokens, and no document of the corpus is longer; "
            "shorten them"
        )
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(documents), size=count, p=usable / usable.sum())
    highest = np.maximum(lengths[chosen] - tail - settings.context_tokens, 0)
    starts = np.array([rng.integers(0, high + 1) for high in highest.tolist()], np.int64)
    return Windows(documents, chosen, starts, settings)


def _lengths(documents: Sequence[np.ndarray]) -> np.ndarray:
    if isinstance(documents, TokenStore):
        return documents.lengths()
    return np.array([len(document) for document in documents], dtype=np.int64)


def _cut(document: np.ndarray, start: int, settings: config.Teacher) -> Window:
    tail = settings.prefix_tokens + settings.continuation_tokens
    length = min(settings.context_tokens, len(document) - tail)
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
