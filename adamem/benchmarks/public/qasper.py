"""Qasper: questions on a scientific paper; each annotator's answer is spans, free text, yes or no, or none at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row


def parse(rows: Iterable[Row]) -> Iterator[Record]:
    """A record a question; the documents are the abstract and the sections."""
    for row in rows:
        paper = row.text("id")
        head = f"{row.text('title')}\n{row.text('abstract', blank=True)}"
        documents = tuple(text for text in (head, *map(_section, row.rows("full_text"))) if text.strip())
        for asked in row.rows("qas"):
            answers = tuple(dict.fromkeys(_answer(answer) for answer in _given(asked)))
            if not answers:
                raise asked.bad("answers", "is empty")
            yield Record(asked.text("question_id"), asked.text("question"), documents, answers, family=paper)


def _section(section: Row) -> str:
    name = section.get("section_name")
    return "\n".join([name if isinstance(name, str) else "", *section.texts("paragraphs")]).strip()


def _given(asked: Row) -> Iterator[Row]:
    """The annotators' answers: under `answer` in a list of objects, or in the hub's column of that name."""
    return (one.row("answer") for one in asked.rows("answers"))


def _answer(answer: Row) -> str:
    """The one text that stands for an answer, in the order of the official evaluator."""
    if answer.flag("unanswerable"):
        return "Unanswerable"
    if spans := answer.texts("extractive_spans"):
        return ", ".join(spans)
    if free := answer.text("free_form_answer", blank=True):
        return free
    if answer.get("yes_no") is None:
        raise answer.bad("yes_no", "is null, and there is no other answer")
    return "Yes" if answer.flag("yes_no") else "No"
