"""HotpotQA (distractor) and 2WikiMultihopQA: ten paragraphs, of which two or more hold the steps to the answer.

The hub keeps a paragraph list as columns `title` and `sentences`, the released JSON as pairs [title, sentences];
both are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row; gold are the paragraphs that hold a supporting sentence."""
    for row in rows:
        paragraphs = _pairs(row, "context", ("title", "sentences"))
        supporting = {title for title, _ in _pairs(row, "supporting_facts", ("title", "sent_id"))}
        yield Record(
            id=row.text("_id" if "_id" in row.value else "id"),
            question=row.text("question"),
            documents=tuple(_document(row, number, *pair) for number, pair in enumerate(paragraphs)),
            answers=(row.text("answer"),),
            gold=tuple(number for number, (title, _) in enumerate(paragraphs) if title in supporting),
        )


def _pairs(row: Row, name: str, columns: tuple[str, str]) -> list[tuple[Any, Any]]:
    value = row.get(name)
    if isinstance(value, dict):
        table = row.row(name)
        first, second = (table.list(column) for column in columns)
        if len(first) != len(second):
            raise row.bad(name, f"{len(first)} {columns[0]} and {len(second)} {columns[1]}")
        return list(zip(first, second, strict=True))
    pairs = row.list(name)
    for number, pair in enumerate(pairs):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise row.bad(f"{name}[{number}]", f"expected [{', '.join(columns)}], got {pair!r:.60}")
    return [tuple(pair) for pair in pairs]


def _document(row: Row, number: int, title: Any, sentences: Any) -> str:
    texts = isinstance(sentences, (list, tuple)) and all(isinstance(sentence, str) for sentence in sentences)
    if not isinstance(title, str) or not texts:
        raise row.bad(f"context[{number}]", f"expected a title and sentences, got {title!r:.30}, {sentences!r:.60}")
    return f"{title}\n{' '.join(sentence.strip() for sentence in sentences)}".strip()
