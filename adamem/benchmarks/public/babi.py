"""bAbI: numbered lines that tell a story, and among them questions, each on the lines before it.

`3 Where is Mary? \\tbathroom\\t1`: question, answer, numbers of the supporting lines. A story begins at line 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from adamem.benchmarks.public.record import Record, digest
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a question; the documents are the lines of its story so far, and all questions on a story are one
    family."""
    story: dict[int, str] = {}
    family = ""
    for row in rows:
        line = row.text("line").rstrip("\n")
        head, _, rest = line.partition(" ")
        if not head.isdigit() or not rest.strip():
            raise row.bad("line", f"expected a number and a text, got {line!r:.60}")
        number = int(head)
        if number == 1:
            story, family = {}, ""
        if "\t" in rest:
            record = _record(row, story, rest)
            family = family or record.id
            yield replace(record, family=family)
        else:
            story[number] = rest.strip()


def _record(row: Row, story: dict[int, str], rest: str) -> Record:
    question, answer, *support = (part.strip() for part in rest.split("\t"))
    if not story or not question or not answer:
        raise row.bad("line", f"expected a story before it, a question and an answer, got {rest!r:.60}")
    numbers = list(story)
    try:
        gold = sorted({numbers.index(int(part)) for part in " ".join(support).split()})
    except ValueError as error:
        raise row.bad("line", f"supporting lines {support} are not among {numbers}") from error
    documents = tuple(story.values())
    answers = (", ".join(answer.split(",")),)
    return Record(digest(*documents, question), question, documents, answers, tuple(gold))
