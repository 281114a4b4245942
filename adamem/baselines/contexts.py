"""Items with another context in place of their own, for arms that are asked about these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from adamem.benchmarks.item import Item

Items = Sequence[Item]


def other_contexts(items: Items) -> Items:
    """Every question over another item's context, which does not state its answer where there is such a one: what it
    can answer does not come from memory."""
    others = [_other(items, index) for index in range(len(items))]
    return [
        replace(item, context=other.context, documents=other.documents)
        for item, other in zip(items, others, strict=True)
    ]


def _other(items: Items, index: int) -> Item:
    """The next item of the same kind without the answer, or the next of that kind, or the next at all: a context of
    another kind would be too easy to tell apart."""
    following = [*items[index + 1 :], *items[: index + 1]]
    alike = [item for item in following[:-1] if item.kind == items[index].kind]
    answers = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, items[index].references))})(?!\w)", re.IGNORECASE)
    without = (item for item in alike if not answers.search(item.context))
    return next(without, (alike or following)[0])


def gold_contexts(items: Items) -> Items:
    """Every question over the documents that answer it, and no other: what is lost then was not lost in finding."""
    return [_only_gold(item) for item in items]


def _only_gold(item: Item) -> Item:
    texts = [item.document(index) for index in item.gold]
    starts = accumulate((len(text) + 1 for text in texts), initial=0)
    documents = tuple((start, start + len(text)) for start, text in zip(starts, texts, strict=False))
    return replace(item, context="\n".join(texts), documents=documents)
