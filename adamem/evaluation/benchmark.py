"""One method on one group: answers, scores per item, and their means, as the two files of the contract
`reports/benchmarks/METHOD/GROUP.{json,jsonl}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from adamem import config
from adamem.benchmarks.item import Item, read
from adamem.data.staged import write_json, write_text
from adamem.evaluation import metrics, official
from adamem.evaluation.answering import Answer, Span, answers
from adamem.models.frame import encode, offsets
from adamem.models.method import Method

QUALITY = ("em", "f1", "rouge_1", "rouge_2", "rouge_l", "coverage", "contradictions")


@dataclass(frozen=True)
class Asked:
    """Items, and what is asked in their stead: the same, unless a control exchanges their contexts."""

    scored: Sequence[Item]
    asked: Sequence[Item]

    @classmethod
    def of(cls, items: Sequence[Item]) -> Asked:
        """The items as they are."""
        return cls(items, items)


@dataclass(frozen=True)
class Scored:
    """An answered item; `official` is the score of its public set, None where it is not of one."""

    item: Item
    asked: Item
    answer: Answer
    scores: metrics.Scores
    official: float | None = None

    def row(self, tokenizer: Any) -> dict[str, Any]:
        """The line of the predictions file; `memory` names the context as the method saw it."""
        return {
            "id": self.item.id,
            "kind": self.item.kind,
            "question": self.item.question,
            "gold": list(self.item.references),
            "prediction": self.answer.text,
            **asdict(self.scores),
            **({} if self.official is None else {"official": self.official}),
            "counterfactual": self.item.source is not None,
            "memory": _sources(self.asked, self.answer.sources, tokenizer),
        }


@dataclass(frozen=True)
class Report:
    """One method on one group: means over the test items and, apart, over their counterfactual copies."""

    head: dict[str, Any]
    quality: dict[str, float]
    counterfactual: dict[str, float] | None
    rows: list[dict[str, Any]]

    def summary(self) -> dict[str, Any]:
        return {**self.head, "quality": self.quality, "counterfactual": self.counterfactual}


def selection(
    folder: Path, settings: config.Evaluation, full_text: bool = False, counterfactual: bool = False
) -> tuple[list[Item], list[Item]]:
    """The items a method is tested on, and counterfactual copies, where they are asked for; arms that read the full
    text get the first few, paired with the others'."""
    test = read(folder / "test.jsonl")
    changed = read(folder / "counterfactual.jsonl")[: settings.counterfactual_items] if counterfactual else []
    return (test[: settings.full_text_items] if full_text else test), changed


def run(
    name: str, method: Method, original: Asked, params: config.AdaMemConfig, changed: Asked | None = None
) -> Report:
    """Answer and score one group, and counterfactual copies of its items, where there are any."""
    answered = ask(method, original, params.evaluation)
    copies = ask(method, changed, params.evaluation) if changed else []
    tokenizer = method.host.tokenizer
    tokens = fmean(len(encode(tokenizer, scored.asked.context)) for scored in answered)
    head = {
        "method": name,
        "group": answered[0].item.group,
        "n": len(answered),
        "decoder_tokens": fmean(scored.answer.memory_tokens for scored in answered),
        "trainable_parameters": method.trainable_parameters(),
        "offline_bytes_per_token": method.offline_bytes(round(tokens)) / tokens,
    }
    rows = [scored.row(tokenizer) for scored in answered + copies]
    return Report(head, _means(answered), {"n": len(copies), **_means(copies)} if copies else None, rows)


def all_groups(
    name: str, method: Method, tasks: Path, folder: Path, params: config.AdaMemConfig, sources: bool = True
) -> dict[str, float]:
    """Answer and score the test items of every group, and write both files to `folder`, with what each memory was made
    from if `sources`. Returns the means by GROUP.METRIC."""
    means = {}
    for group in config.GROUPS:
        items, _ = selection(tasks / group, params.evaluation)
        report = run(name, method, Asked.of(items), params)
        rows = report.rows if sources else [row | {"memory": None} for row in report.rows]
        write(folder, group, replace(report, rows=rows))
        means |= {f"{group}.{key}": value for key, value in report.quality.items()}
    return means


def ask(method: Method, items: Asked, settings: config.Evaluation) -> list[Scored]:
    """Answer the questions and score them against the items they stand for."""
    given = answers(method, items.asked, settings)
    return [
        Scored(
            item,
            question,
            answer,
            metrics.score(answer.text, item.references, item.facts),
            official.score(answer.written, item),
        )
        for item, question, answer in zip(items.scored, items.asked, given, strict=True)
    ]


def write(folder: Path, group: str, report: Report) -> None:
    """Both files, each in one step."""
    write_json(folder / f"{group}.json", report.summary(), indent=1)
    write_text(folder / f"{group}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in report.rows))


def _means(scored: list[Scored]) -> dict[str, float]:
    columns = {name: [getattr(one.scores, name) for one in scored] for name in QUALITY}
    columns["official"] = [one.official for one in scored]
    return {name: fmean(values) for name, values in columns.items() if None not in values}


def _sources(item: Item, spans: list[Span] | None, tokenizer: Any) -> list[dict[str, Any]] | None:
    if spans is None:
        return None
    places, found = offsets(tokenizer, item.context), []
    for span in spans:
        start, end = places[span.first][0], places[span.last - 1][1]
        found.append(
            {"document": _document(item, start), "text": item.context[start:end], "share": round(span.share, 3)}
        )
    return found


def _document(item: Item, position: int) -> int:
    """The last document that begins at or before a character."""
    return max((index for index, (start, _) in enumerate(item.documents) if start <= position), default=0)
