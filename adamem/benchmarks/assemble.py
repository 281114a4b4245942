"""From entities to items: the documents, their order, the token budget, the counterfactual copy.

One mechanism for all groups. A group draws a `Draft` (question, query, documents in order); this module
renders it, finds the gold documents by the query, and refuses what does not fit the settings.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from random import Random
from typing import Any

from adamem.benchmarks.entity import Document, Entity
from adamem.benchmarks.item import Item
from adamem.benchmarks.queries import Query
from adamem.benchmarks.wording import Wordings, shares_word
from adamem.config import LIST_LENGTH
from adamem.data.split import Split
from adamem.models.frame import encode


@dataclass(frozen=True)
class Budget:
    """Limits in LLM tokens: of the context, and of the target; and how many names a list has, fewest and most."""

    count: Callable[[str], int]
    low: int
    high: int
    answer: int
    list_length: tuple[int, int] = LIST_LENGTH

    def aim(self, rng: Random) -> int:
        """A context length to fill up to; the margin is for tokens that joining may add."""
        return rng.randint(self.low + 20, self.high - 8)


@dataclass(frozen=True)
class Asked:
    """A question and the index of its wording."""

    text: str
    wording: int


@dataclass(frozen=True)
class Draft:
    """A question with its documents in order.

    `swap` names the facts whose values are exchanged in the counterfactual copy, among the documents
    and the `substitutes` (values of other entities, for contexts that hold only one).
    """

    kind: str
    asked: Asked
    query: Query
    documents: tuple[Document, ...]
    swap: tuple[str, ...]
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = "\n"
    min_gold: int = 1


def token_counter(tokenizer: Any) -> Callable[[str], int]:
    """Counts LLM tokens; the lines of contexts come back often, so counts are kept."""

    @cache
    def count(text: str) -> int:
        return len(encode(tokenizer, text))

    return count


@cache
def fields_of(template: str) -> tuple[str, ...]:
    """The facts that a template states."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(template) if name and name != "name")


def state(
    entity: Entity, templates: Sequence[str], rng: Random, chosen: Mapping[str, tuple[str, ...]] | None = None
) -> Document:
    """A document on an entity, from a template whose facts it has; `chosen` narrows down the values stated."""
    facts = {**entity.facts, **(chosen or {})}
    usable = [template for template in templates if all(facts.get(name) for name in fields_of(template))]
    template = rng.choice(usable)
    values = tuple((name, facts[name]) for name in fields_of(template))
    return Document(template=template, name=entity.name, owner=entity.owner, values=values)


def ask(wordings: Wordings, split: Split, rng: Random, x: str, alias: str | None = None) -> Asked:
    """A question on `x`; with an `alias` it avoids the entity's name and the words of documents."""
    index = wordings.pick(split, alias is not None, rng)
    return Asked(wordings.all[index].replace("{x}", alias or x), index)


def scatter(
    gold: Sequence[Document],
    distractors: Iterable[Document],
    most: int,
    filler: Iterable[str],
    query: Query,
    budget: Budget,
    rng: Random,
) -> tuple[Document, ...]:
    """Gold documents among some distractors, at `most` so many, and filler in random order, up to a random length.

    A distractor that would change the answer, or has a name already seen, is left out.
    """
    aim = budget.aim(rng)
    chosen = list(gold)
    answer = query.answer(chosen)
    names = {document.name for document in chosen}
    length = sum(budget.count(document.text + "\n") for document in chosen)
    others = (one for one in distractors if one.name not in names and query.answer([*chosen, one]) == answer)
    for document in chain(islice(others, most), (Document(template=sentence) for sentence in filler)):
        cost = budget.count(document.text + "\n")
        if document.name not in names and length + cost <= aim:
            chosen.append(document)
            names |= {document.name} if document.name else set()
            length += cost
    rng.shuffle(chosen)
    return tuple(chosen)


def embed(fact: Document, sentences: Sequence[str], depth: float, budget: Budget, rng: Random) -> tuple[Document, ...]:
    """A fact inside a run of sentences, at a relative depth of 0 (first) to 1 (last)."""
    left = budget.aim(rng) - budget.count(" " + fact.text)
    start = rng.randrange(max(1, len(sentences) - 15))
    filler: list[Document] = []
    for sentence in sentences[start:]:
        left -= budget.count(" " + sentence)
        if left < 0:
            break
        filler.append(Document(template=sentence))
    place = round(depth * len(filler))
    return (*filler[:place], fact, *filler[place:])


def render(draft: Draft, budget: Budget, identity: str, group: str) -> Item | None:
    """The item of a draft, or None where it breaks a limit: too long, too short, too few gold documents."""
    answers = draft.query.answer(draft.documents)
    gold = draft.query.gold(draft.documents)
    if not answers or len(answers) > budget.list_length[1] or len(gold) < draft.min_gold:
        return None
    texts = [document.text for document in draft.documents]
    context = draft.separator.join(texts)
    references = draft.query.references(answers)
    if not budget.low <= budget.count(context) <= budget.high or budget.count(references[0]) > budget.answer:
        return None
    return Item(
        id=identity,
        group=group,
        kind=draft.kind,
        context=context,
        documents=spans(texts, len(draft.separator)),
        question=draft.asked.text,
        target=references[0],
        references=references,
        gold=gold,
        entities=tuple(dict.fromkeys(draft.documents[index].owner for index in gold)),
        wording=draft.asked.wording,
        lexical=shares_word(draft.asked.text, (texts[index] for index in gold)),
        facts=draft.query.facts(draft.documents),
    )


def spans(texts: Sequence[str], gap: int) -> tuple[tuple[int, int], ...]:
    """Where each text stands when they are joined by `gap` characters."""
    found, start = [], 0
    for text in texts:
        found.append((start, start + len(text)))
        start += len(text) + gap
    return tuple(found)


def counterfactual(documents: Sequence[Document], draft: Draft, rng: Random) -> tuple[Document, ...]:
    """The documents with every value of the swapped facts, or every name, given to another entity."""
    changed = tuple(documents)
    for name in draft.swap:
        stated = [value for document in changed for value in document.get(name)]
        values = sorted({*stated, *draft.substitutes.get(name, ())})
        rng.shuffle(values)
        shifted = dict(zip(values, values[1:] + values[:1], strict=True))
        changed = tuple(document.exchanged(name, shifted) for document in changed)
    return changed
