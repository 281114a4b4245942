"""Entities and the documents that state their facts: the shared vocabulary of the four groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Entity:
    """A thing with facts; `owner` is the key that decides its split, `alias` another name for it."""

    kind: str
    name: str
    owner: str
    facts: Mapping[str, tuple[str, ...]]
    alias: str | None = None

    def has(self, *names: str) -> bool:
        """Whether all these facts are known."""
        return all(name in self.facts for name in names)


@dataclass(frozen=True)
class Document:
    """One line of a context: a template with an entity's name and the values that it states.

    The values stay apart from the text so that questions are answered, and counterfactual copies
    written, from the same record that the text is rendered from. Filler has no owner and no values.
    """

    template: str
    name: str = ""
    owner: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def text(self) -> str:
        """The rendered line."""
        if not self.values:
            return self.template
        return self.template.format(name=self.name, **{field: ", ".join(values) for field, values in self.values})

    def get(self, field: str) -> tuple[str, ...]:
        """The stated values of a fact, or the name; nothing where the document is silent."""
        if field == "name":
            return (self.name,) if self.name else ()
        return next((stated for name, stated in self.values if name == field), ())

    def exchanged(self, field: str, mapping: Mapping[str, str]) -> Document:
        """The same document with the values of one fact, or its name, exchanged."""
        if field == "name":
            return replace(self, name=mapping.get(self.name, self.name))
        values = tuple(
            (name, tuple(mapping.get(value, value) for value in stated) if name == field else stated)
            for name, stated in self.values
        )
        return replace(self, values=values)
