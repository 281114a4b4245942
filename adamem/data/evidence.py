"""Where a context holds the words of an answer: what a selector can be taught by when nobody marked the evidence.

Distant supervision as readers of retrieved text use it (Chen et al. 2017, DrQA): an answer's words are looked for in
the context by their characters, because a word has other tokens at the start of a line than behind a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adamem.models.frame import offsets

WORD = re.compile(r"\w+|[^\w\s]")

Span = tuple[int, int]


@dataclass(frozen=True)
class Run:
    """Characters of the answer that stand in the context as they are, and where they begin there."""

    first: int
    last: int
    places: tuple[int, ...]


def runs(answer: str, context: str) -> Iterator[Run]:
    """The longest stretches of whole words that answer and context share, from left to right through the answer.

    Stretches of nothing but punctuation say nothing of where an answer comes from, and are left out.
    """
    words = [match.span() for match in WORD.finditer(answer)]
    at = 0
    while at < len(words):
        run, taken = _longest(answer, words[at:], context)
        if run is not None:
            yield run
        at += taken


def _longest(answer: str, words: list[Span], context: str) -> tuple[Run | None, int]:
    first = words[0][0]
    most = 0  # whole words or not, no stretch is longer than the one whose characters are there
    while most < len(words) and answer[first : words[most][1]] in context:
        most += 1
    for count in range(most, 0, -1):
        last = words[count - 1][1]
        places = _places(answer[first:last], context)
        if places:
            return (Run(first, last, places) if re.search(r"\w", answer[first:last]) else None), count
    return None, 1


def _places(text: str, context: str) -> tuple[int, ...]:
    """Where a text stands in a context, not as a part of longer words."""
    return tuple(match.start() for match in re.finditer(rf"(?<!\w){re.escape(text)}(?!\w)", context))


def pairs(tokenizer: Any, context: str, answer: str) -> Iterator[tuple[int, int]]:
    """(answer token, context token) wherever the second spells characters of the first.

    Args:
        tokenizer: a fast tokenizer of transformers, for its offsets.
        context: as it is tokenized.
        answer: as it is tokenized, with the space it begins with.
    """
    wanted, there = offsets(tokenizer, answer), offsets(tokenizer, context)
    for run in runs(answer, context):
        for index, (start, end) in enumerate(wanted):
            first, last = max(start, run.first), min(end, run.last)
            if first < last:
                for place in run.places:
                    shift = place - run.first
                    yield from ((index, token) for token in _touching(there, first + shift, last + shift))


def _touching(offsets: list[Span], first: int, last: int) -> Iterator[int]:
    return (token for token, (start, end) in enumerate(offsets) if start < last and end > first)
