"""Items of the groups out of public sets: a fixed sample of each, cut to length, train and test kept apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from itertools import chain, zip_longest
from typing import Any, Literal

from adamem.benchmarks.item import Item
from adamem.benchmarks.public.formats import PARSERS
from adamem.benchmarks.public.lengths import fit
from adamem.benchmarks.public.reading import rows
from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.registry import PublicSet
from adamem.benchmarks.wording import shares_word
from adamem.config import Group, Longer, PublicOrigin
from adamem.data.split import position_of

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
_VALIDATION = 0.05  # share of the training documents, where a set has no split for validation
_SEPARATOR = "\n"


@dataclass(frozen=True)
class Making:
    """What items are made with: their group, the LLM's tokenizer, lengths in its tokens, the seed of the samples."""

    group: Group
    tokenizer: Any
    low: int
    high: int
    longer: Longer
    seed: int


def sample(public: PublicSet, origin: PublicOrigin, part: Part, most: int | None, making: Making) -> list[Item]:
    """Up to `most` items of a part (all: None), the same ones whatever the order of the files; a row given twice
    counts once. Empty where the set has no such part.

    Every row is read, but no more than `most` contexts are held.
    """
    kept: list[tuple[float, str, Item]] = []  # a heap whose top is the item to give up first
    seen: set[str] = set()
    for record in _records(public, origin, part):
        rank = -position_of(f"{public.name}-{record.id}", f"sample/{making.seed}")
        full = most is not None and len(kept) >= most
        if record.id in seen or (full and rank <= kept[0][0]):
            continue
        seen.add(record.id)
        item = _item(record, public, making)
        if item is not None:
            (heappushpop if full else heappush)(kept, (rank, item.id, item))
    return [item for _, _, item in sorted(kept, reverse=True)]


def _records(public: PublicSet, origin: PublicOrigin, part: Part) -> Iterator[Record]:
    parse = PARSERS[public.format]
    split: str | None = getattr(public, part)
    if split is not None and (part != "train" or public.validation is not None):
        return parse(rows(public, origin, split))
    if public.train is None:
        return iter(())
    records = parse(rows(public, origin, public.train))
    return (record for record in records if _held_out(public, record) == (part == "validation"))


def _held_out(public: PublicSet, record: Record) -> bool:
    return position_of(f"{public.name}-{record.family or record.id}", "validation") < _VALIDATION


def _item(record: Record, public: PublicSet, making: Making) -> Item | None:
    cut = fit(_SEPARATOR.join(record.documents), making.tokenizer, making.low, making.high, making.longer)
    if cut is None:
        return None
    spans, start = [], 0
    for text in record.documents:
        spans.append(cut.span(start, start + len(text)))
        start += len(text) + len(_SEPARATOR)
    left = [index for index, (first, last) in enumerate(spans) if first < last]
    gold = [number for number, index in enumerate(left) if index in record.gold]
    return Item(
        id=f"{public.name}-{record.id}",
        group=making.group,
        kind=public.name,
        context=cut.left,
        documents=tuple(spans[index] for index in left),
        question=record.question,
        target=record.answers[0],
        references=record.answers,
        gold=tuple(gold or range(len(left))),  # not told, or cut away: the evidence may be in any
        entities=(f"{public.name}:{record.family or record.id}",),
        wording=0,
        lexical=shares_word(record.question, (record.documents[index] for index in record.gold)),
        facts=record.facts,
    )


def in_turn(sets: Sequence[Sequence[Item]]) -> list[Item]:
    """One item of every set in turn, so that any run of them holds all sets, until none is left."""
    return [item for item in chain.from_iterable(zip_longest(*sets)) if item is not None]


def keys(item: Item) -> tuple[str, str]:
    """What an item is known by: its id, and a digest of its text, whatever the case and the spaces of it."""
    text = " ".join(f"{item.question}\n{item.context}".casefold().split())
    return item.id, hashlib.sha256(text.encode()).hexdigest()


def unseen(items: Sequence[Item], training: Sequence[Item]) -> list[Item]:
    """The items of which neither id nor text stands among those trained on; the others are refused."""
    known = {key for item in training for key in keys(item)}
    return [item for item in items if not known & set(keys(item))]
