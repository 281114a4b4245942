"""NarrativeQA: questions on whole books and film scripts, or on summaries of them, with two answers each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record, digest
from adamem.benchmarks.public.rows import Row


def full(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row, over the whole story."""
    return _records(rows, summary=False)


def summaries(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row, over the summary of the story."""
    return _records(rows, summary=True)


def _records(rows: Iterable[Row], summary: bool) -> Iterator[Record]:
    for row in rows:
        document = row.row("document")
        story, question = document.text("id"), row.row("question").text("text")
        answers = tuple(dict.fromkeys(answer.text("text") for answer in row.rows("answers")))
        if not answers:
            raise row.bad("answers", "is empty")
        text = document.row("summary").text("text") if summary else document.text("text")
        yield Record(f"{story}-{digest(question)}", question, (text,), answers, gold=(0,), family=story)
