"""LongBench: one schema for all of its sets. `context` is read, `input` is asked, the set's own words around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from adamem.benchmarks.item import Fact
from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row


def asking(template: str) -> Callable[[Iterable[Row]], Iterator[Record]]:
    """The parser of a set whose question is `template` with its `input` in place of `{input}`."""

    def parse(rows: Iterable[Row]) -> Iterator[Record]:
        for row in rows:
            asked = row.text("input", blank="{input}" not in template).strip()
            answers = row.texts("answers")
            if not answers:
                raise row.bad("answers", "is empty")
            yield Record(
                id=row.text("_id"),
                question=template.replace("{input}", asked),
                documents=(row.text("context"),),
                answers=tuple(dict.fromkeys(answers)),
                gold=(0,),
                facts=_classes(row, answers),
            )

    return parse


def _classes(row: Row, answers: tuple[str, ...]) -> tuple[Fact, ...]:
    """For classification: the right class, and the others as what contradicts it."""
    if row.get("all_classes") is None:
        return ()
    known = row.texts("all_classes")
    others = tuple(name for name in known if name not in answers)
    return (Fact("class", answers, others),) if known else ()
