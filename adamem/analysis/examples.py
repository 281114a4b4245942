"""Answers shown on the page: some right, some wrong, with what the memory was made from.

They are not picked by eye: within right and wrong, the order is that of a hash of the item's id, one group after
the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import zip_longest

from adamem.analysis.methods import OURS
from adamem.analysis.predictions import Prediction
from adamem.analysis.results import Results, required

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#$~])")


def section(results: Results, count: int) -> str:
    """Up to `count` items that our method answered fully by the group's main metric, and as many on which it scored
    nothing."""
    right, wrong = (_listed(_choose(results, count, wanted)) for wanted in (1.0, 0.0))
    return (
        f"Items that `{OURS}` answered fully and items on which it scored nothing, chosen by a hash of their id, one "
        "group after the other. Each names the stretches its memory was made from, with their share of a pick.\n\n"
        f"### Answered\n\n{right}\n\n### Failed\n\n{wrong}"
    )


def _listed(chosen: Sequence[tuple[str, Prediction]]) -> str:
    return "\n".join(_render(*one) for one in chosen) or "(there is none)"


def _render(group: str, row: Prediction) -> str:
    """One example as Markdown."""
    lines = [
        f"- **{group}**, `{row.id}`: {escape(row.question)}",
        f"  - expected: {escape(' / '.join(row.gold[:3]))}",
        f"  - answered: {escape(row.prediction) or '(nothing)'}",
        f"  - memory from: {_sources(row)}",
    ]
    return "\n".join(lines)


def escape(text: str) -> str:
    """Text of a data set as plain Markdown: one line, no mark-up."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _choose(results: Results, count: int, wanted: float) -> list[tuple[str, Prediction]]:
    groups = [group for group in results.groups if (OURS, group) in results.by_key]
    columns = [_matching(results.by_key[OURS, group].originals, results.metric(group), wanted) for group in groups]
    rounds = zip_longest(*columns)
    found = [(group, row) for line in rounds for group, row in zip(groups, line, strict=True) if row is not None]
    return found[:count]


def _matching(rows: Sequence[Prediction], metric: str, wanted: float) -> list[Prediction]:
    fitting = [row for row in rows if abs(required(row, metric) - wanted) < 1e-9]
    return sorted(fitting, key=lambda row: hashlib.sha256(row.id.encode()).hexdigest())


def _sources(row: Prediction) -> str:
    if not row.memory:
        return "(the method names no sources)"
    return " · ".join(f"document {one.document} “{_shown(one.text)}” ({one.share:.2f})" for one in row.memory)


def _shown(text: str) -> str:
    """A stretch of the context; a line break alone is drawn."""
    return escape(text) if text.strip() else "⏎"
