"""Contexts longer than the limit: what is kept of them, and where the documents stand in what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adamem.config import Longer
from adamem.models.frame import offsets


@dataclass(frozen=True)
class Cut:
    """A text without its characters from `first` to before `last`."""

    text: str
    first: int
    last: int

    @property
    def left(self) -> str:
        return self.text[: self.first] + self.text[self.last :]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of the text stands in what is left; empty where nothing of it is left."""
        return self._moved(start), self._moved(end)

    def _moved(self, at: int) -> int:
        return at if at <= self.first else max(self.first, at - (self.last - self.first))


def fit(text: str, tokenizer: Any, low: int, high: int, longer: Longer) -> Cut | None:
    """The text cut to `high` LLM tokens; None where it has fewer than `low`, or is longer and to be dropped.

    `middle` keeps the first and the last half of the limit, as LongBench's scripts do; `end` keeps the beginning.
    Whole tokens are kept, in characters: the text left can take a token more or less when it is tokenised again.
    """
    places = offsets(tokenizer, text)
    if len(places) < low:
        return None
    if len(places) <= high:
        return Cut(text, len(text), len(text))
    match longer:
        case "middle":
            half = high // 2
            return Cut(text, places[half - 1][1] if half else 0, places[len(places) - half][0] if half else len(text))
        case "end":
            return Cut(text, places[high - 1][1], len(text))
        case "drop":
            return None
