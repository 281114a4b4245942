"""What a question asks, as pure functions of the documents in view.

An answer is computed from the stated values alone, so the same query gives the target, the gold documents
(those whose removal changes the answer) and the answer of a counterfactual copy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from adamem.benchmarks.entity import Document
from adamem.benchmarks.item import Fact


class Query(ABC):
    """A question as a function of documents."""

    @abstractmethod
    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        """The answers in order of appearance; empty where the documents do not tell."""

    def gold(self, documents: Sequence[Document]) -> tuple[int, ...]:
        """Documents without which the answer would be another."""
        whole = self.answer(documents)
        rest = ([*documents[:i], *documents[i + 1 :]] for i in range(len(documents)))
        return tuple(i for i, others in enumerate(rest) if self.answer(others) != whole)

    def references(self, answers: Sequence[str]) -> tuple[str, ...]:
        """Accepted texts, the target first: the answers in any order."""
        return tuple(dict.fromkeys(", ".join(order) for order in permutations(answers)))

    def facts(self, documents: Sequence[Document]) -> tuple[Fact, ...]:
        """Named facts that an answer is checked for; only summaries have them."""
        return ()


@dataclass(frozen=True)
class Select(Query):
    """Names of the documents that state `value` for `field`."""

    field: str
    value: str

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(document.name for document in documents if self.value in document.get(self.field)))


@dataclass(frozen=True)
class Look(Query):
    """The value that the document named `name` states for `field`."""

    name: str
    field: str

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        found = (document.get(self.field) for document in documents if document.name == self.name)
        return tuple(dict.fromkeys(value for values in found for value in values))


@dataclass(frozen=True)
class Shared(Query):
    """Values of `field` that both named documents state."""

    names: tuple[str, str]
    field: str

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        first, second = (Look(name, self.field).answer(documents) for name in self.names)
        return tuple(value for value in first if value in second)


@dataclass(frozen=True)
class Sibling(Query):
    """Other documents that state the same value for `field` as the one named `name` does."""

    name: str
    field: str

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        values = Look(self.name, self.field).answer(documents)
        found = (name for value in values for name in Select(self.field, value).answer(documents))
        return tuple(dict.fromkeys(name for name in found if name != self.name))


@dataclass(frozen=True)
class Chain(Query):
    """The `give` of the document whose name is the `link` of the document named `name`."""

    name: str
    link: str
    give: str

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        names = Look(self.name, self.link).answer(documents)
        return tuple(dict.fromkeys(value for name in names for value in Look(name, self.give).answer(documents)))


@dataclass(frozen=True)
class Summary(Query):
    """What most documents on `name` say about each field; `fields` pairs a field with its printed name."""

    name: str
    fields: tuple[tuple[str, str], ...]

    def answer(self, documents: Sequence[Document]) -> tuple[str, ...]:
        winners = [(printed, self._majority(documents, field)) for field, printed in self.fields]
        return tuple(f"{printed} {value}" for printed, value in winners) if all(value for _, value in winners) else ()

    def _majority(self, documents: Sequence[Document], field: str) -> str:
        """The value of more than half of the statements and of two at least, or nothing."""
        votes = self._votes(documents, field)
        value, count = votes.most_common(1)[0] if votes else ("", 0)
        return value if count >= 2 and 2 * count > votes.total() else ""

    def _votes(self, documents: Sequence[Document], field: str) -> Counter[str]:
        return Counter(value for document in documents if document.name == self.name for value in document.get(field))

    def gold(self, documents: Sequence[Document]) -> tuple[int, ...]:
        """Every report on the entity that states an asked fact: no single one of them is decisive."""
        return tuple(
            i
            for i, document in enumerate(documents)
            if document.name == self.name and any(document.get(field) for field, _ in self.fields)
        )

    def references(self, answers: Sequence[str]) -> tuple[str, ...]:
        return ("; ".join(answers),)

    def facts(self, documents: Sequence[Document]) -> tuple[Fact, ...]:
        return tuple(self._fact(documents, field, printed) for field, printed in self.fields)

    def _fact(self, documents: Sequence[Document], field: str, printed: str) -> Fact:
        truth = self._majority(documents, field)
        false = tuple(value for value in self._votes(documents, field) if value != truth)
        return Fact(name=printed, accepted=(truth,), contradicted=false)
