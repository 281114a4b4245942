"""MuSiQue: twenty paragraphs, two to four of them steps of one reasoning chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row; rows without an answer in their paragraphs (of MuSiQue-Full) are left out."""
    for row in rows:
        if "answerable" in row.value and not row.flag("answerable"):
            continue
        paragraphs = list(row.rows("paragraphs"))
        yield Record(
            id=row.text("id"),
            question=row.text("question"),
            documents=tuple(f"{one.text('title')}\n{one.text('paragraph_text')}" for one in paragraphs),
            answers=(row.text("answer"), *row.texts("answer_aliases")),
            gold=tuple(number for number, one in enumerate(paragraphs) if one.flag("is_supporting")),
        )
