"""QMSum: the transcript of a meeting, and what general and specific questions on it summarise to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record, digest
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a question; the documents are the turns, gold those of the marked spans."""
    for row in rows:
        turns = tuple(f"{turn.text('speaker')}: {turn.text('content', blank=True)}" for turn in _turns(row))
        meeting = digest(*turns)
        for kind in ("general_query_list", "specific_query_list"):
            for asked in row.rows(kind):
                question = asked.text("query")
                gold = _marked(asked, len(turns)) if "relevant_text_span" in asked.value else ()
                name = f"{meeting}-{digest(question)}"
                yield Record(name, question, turns, (asked.text("answer"),), gold, family=meeting)


def _turns(row: Row) -> list[Row]:
    turns = list(row.rows("meeting_transcripts"))
    if not turns:
        raise row.bad("meeting_transcripts", "is empty")
    return turns


def _marked(asked: Row, turns: int) -> tuple[int, ...]:
    found: set[int] = set()
    for number, span in enumerate(asked.list("relevant_text_span")):
        try:
            first, last = (int(end) for end in span)
        except (TypeError, ValueError) as error:
            raise asked.bad(f"relevant_text_span[{number}]", f"expected [first, last], got {span!r:.60}") from error
        found.update(range(max(first, 0), min(last + 1, turns)))
    return tuple(sorted(found))
