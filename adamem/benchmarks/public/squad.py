"""SQuAD 1.1: a paragraph and a question whose answer is a span of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row; all questions on an article are one family."""
    for row in rows:
        answers = row.row("answers")
        texts = answers.texts("text")
        if not texts:
            raise answers.bad("text", "is empty; the unanswerable questions of SQuAD 2.0 are not read")
        yield Record(
            id=row.text("id"),
            question=row.text("question").strip(),
            documents=(row.text("context"),),
            answers=tuple(dict.fromkeys(texts)),
            gold=(0,),
            family=row.text("title"),
        )
