"""Fusion questions that people wrote: FanOutQA's, over the facts that its authors broke them into.

FanOutQA (Zhu et al. 2024) asks what needs several Wikipedia articles and lists the single questions behind each, with
their answers. Here every single question with its answer is one document, among those of other questions, so that the
text has a length that was trained on. The questions stay as people worded them; no method has seen any in training.

Scores: ROUGE as FanOutQA takes it, and the share of the reference's different names and values that the answer gives.
FanOutQA's own accuracy is near to that: it counts one that occurs twice as two, and compares lemmas, by a spaCy model
that no package index has. The set is share-alike, so it is read
out of its wheel and only ids and scores are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Any

from adamem import config
from adamem.benchmarks.assemble import spans
from adamem.benchmarks.item import Fact, Item
from adamem.evaluation.benchmark import Asked, ask
from adamem.models.method import Method

SCORES = ("coverage", "rouge_1", "rouge_2", "rouge_l", "f1")
MIN_FACTS = 3  # a question on fewer is no fusion
SLACK = 8  # tokens that joining may add


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the facts behind it, a line each."""

    id: str
    text: str
    answer: Any
    facts: tuple[str, ...]

    @property
    def strings(self) -> tuple[str, ...]:
        """The names and values that an answer must give."""
        return tuple(dict.fromkeys(_strings(self.answer)))


def parse(text: str) -> list[Question]:
    """The questions of a file of FanOutQA that several facts answer.

    Raises:
        ValueError: the file is not what the package has.
    """
    try:
        read = [Question(row["id"], row["question"], row["answer"], tuple(_facts(row))) for row in json.loads(text)]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"not the questions of FanOutQA ({error!r}); correct fanout.member in params.yaml") from error
    return [question for question in read if isinstance(question.answer, dict) and len(question.facts) >= MIN_FACTS]


def items(questions: Sequence[Question], count: Callable[[str], int], settings: config.Fanout, seed: int) -> list[Item]:
    """Items whose own facts fit, the first `settings.items` in a random order; `count` counts LLM tokens.

    Raises:
        ValueError: there are not so many.
    """
    rng = Random(f"{seed}/fanout")
    order = rng.sample(range(len(questions)), len(questions))
    found = (_item(questions, index, count, settings, rng) for index in order)
    kept = [item for item in found if item is not None][: settings.items]
    if len(kept) < settings.items:
        raise ValueError(
            f"fanout.items: {settings.items} are asked for, {len(kept)} questions fit {settings.max_tokens} tokens"
        )
    return kept


def score(method: Method, asked: Asked, settings: config.Evaluation) -> dict[str, Any]:
    """Mean scores, and by item."""
    found = ask(method, asked, settings)
    by_item = {one.item.id: {name: getattr(one.scores, name) for name in SCORES} for one in found}
    means = {name: fmean(scores[name] for scores in by_item.values()) for name in SCORES}
    return {"n": len(found), **means, "items": by_item}


def _item(
    questions: Sequence[Question], index: int, count: Callable[[str], int], settings: config.Fanout, rng: Random
) -> Item | None:
    question = questions[index]
    aim = rng.randint(settings.min_tokens + SLACK, settings.max_tokens - SLACK)
    texts = list(question.facts)
    length = sum(count(text + "\n") for text in texts)
    if length > settings.max_tokens - SLACK:
        return None
    others = [fact for other in questions if other.id != question.id for fact in other.facts]
    for fact in rng.sample(others, len(others)):
        if length + (cost := count(fact + "\n")) <= aim:
            texts.append(fact)
            length += cost
    order = rng.sample(range(len(texts)), len(texts))
    return _render(question, [texts[place] for place in order], [order.index(i) for i in range(len(question.facts))])


def _render(question: Question, texts: Sequence[str], gold: Sequence[int]) -> Item:
    reference = _written(question.answer)
    return Item(
        id=question.id,
        group="A",
        kind="fanout",
        context="\n".join(texts),
        documents=spans(texts, gap=1),
        question=question.text,
        target=reference,
        references=(reference,),
        gold=tuple(sorted(gold)),
        entities=(question.id,),
        wording=0,
        lexical=True,
        facts=tuple(Fact(value, (value,), ()) for value in question.strings),
    )


def _facts(row: dict[str, Any]) -> Iterator[str]:
    """The single questions, each with its answer."""
    for part in row["decomposition"]:
        if part["decomposition"]:
            yield from _facts(part)
        elif part["answer"] is not None:
            yield f"{part['question'].strip()} {', '.join(_strings(part['answer']))}."


def _strings(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _strings(value)
    elif answer is not None:
        yield {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)


def _written(answer: dict[str, Any]) -> str:
    """The reference in one string: a line a name, with its value behind a dash, as the package scores it."""
    return "\n".join(f"{key} - {', '.join(_strings(value))}" for key, value in answer.items())
