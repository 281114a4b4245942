"""GovReport: reports of United States agencies and their summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record, digest
from adamem.benchmarks.public.rows import Row

QUESTION = "Summarise this government report in about one page."


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a row."""
    for row in rows:
        report = row.text("report")
        yield Record(digest(report), QUESTION, (report,), (row.text("summary"),), gold=(0,))
