"""RULER's generated files: one text that holds both context and question, and the words that must be in the answer.

The question is the end of the text, from the last line that asks on; what the generator wrote to start the answer
with (`answer_prefix`, or already in the text) stays with the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from adamem.benchmarks.item import Fact
from adamem.benchmarks.public.record import Record, digest
from adamem.benchmarks.public.rows import Row

# needles ask in a line of their own; chains, words and documents after "Question:"
_ASKS = re.compile(r"\n(?=What (?:is|are) |Question: |Answer the question based on )")


def every(rows: Iterable[Row]) -> Iterator[Record]:
    """Needles, chains and words: all outputs must be found, so all of them are the one answer."""
    for row in rows:
        outputs = _outputs(row)
        facts = tuple(Fact(output, (output,), ()) for output in outputs)
        yield _record(row, (", ".join(outputs),), facts)


def any_of(rows: Iterable[Row]) -> Iterator[Record]:
    """Question answering: the outputs are spellings of one answer."""
    for row in rows:
        yield _record(row, _outputs(row), ())


def _outputs(row: Row) -> tuple[str, ...]:
    outputs = tuple(dict.fromkeys(row.texts("outputs")))
    if not outputs:
        raise row.bad("outputs", "is empty")
    return outputs


def _record(row: Row, answers: tuple[str, ...], facts: tuple[Fact, ...]) -> Record:
    whole = row.text("input")
    asks = [match.end() for match in _ASKS.finditer(whole)]
    if not asks:
        raise row.bad("input", "no line that begins with 'What is', 'What are', 'Question:' or 'Answer the question'")
    context, question = whole[: asks[-1]].strip(), whole[asks[-1] :]
    if not context:
        raise row.bad("input", "nothing before the question")
    prefix = row.text("answer_prefix", blank=True) if "answer_prefix" in row.value else ""
    name = f"{row.integer('index')}-{digest(whole)}"  # every file counts from 0
    return Record(name, (question + prefix).strip(), (context,), answers, gold=(0,), facts=facts)
