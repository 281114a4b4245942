"""Rows of a data set, each with the place it stands at, and fields that are checked when they are taken.

A malformed row ends in an error that names file, line and field; a public file is long, and without the three the
one bad row in it is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A JSON object of a file (or a part of one: then `inside` is the path to it)."""

    place: str
    value: Mapping[str, Any]
    inside: str = ""

    def get(self, name: str) -> Any:
        """A field, whatever its type. Raises ValueError where it is missing."""
        if name not in self.value:
            raise self.bad(name, f"is missing; the row has {', '.join(map(str, self.value)) or 'none'}")
        return self.value[name]

    def text(self, name: str, blank: bool = False) -> str:
        """A text, not empty unless `blank`."""
        value = self.get(name)
        if not isinstance(value, str):
            raise self.bad(name, f"expected text, got {value!r:.60}")
        if not blank and not value.strip():
            raise self.bad(name, "is empty")
        return value

    def integer(self, name: str) -> int:
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.bad(name, f"expected a whole number, got {value!r:.60}")
        return value

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if not isinstance(value, bool):
            raise self.bad(name, f"expected true or false, got {value!r:.60}")
        return value

    def list(self, name: str) -> list[Any]:
        value = self.get(name)
        if not isinstance(value, (list, tuple)):
            raise self.bad(name, f"expected a list, got {value!r:.60}")
        return list(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, which may be empty."""
        values = self.list(name)
        for number, value in enumerate(values):
            if not isinstance(value, str):
                raise self.bad(f"{name}[{number}]", f"expected text, got {value!r:.60}")
        return tuple(values)

    def row(self, name: str) -> Row:
        """An object inside this one."""
        return self._within(name, self.get(name))

    def rows(self, name: str) -> Iterator[Row]:
        """The objects of a list; a table of columns, as the hub keeps lists of objects, is turned into one."""
        value = self.get(name)
        if isinstance(value, Mapping):
            value = self._transposed(name, value)
        elif not isinstance(value, (list, tuple)):
            raise self.bad(name, f"expected a list, got {value!r:.60}")
        for number, part in enumerate(value):
            yield self._within(f"{name}[{number}]", part)

    def bad(self, name: str, problem: str) -> ValueError:
        """The error for a field of this row."""
        path = f"{self.inside}.{name}" if self.inside else name
        return ValueError(f"{self.place}: field '{path}': {problem}")

    def _within(self, name: str, value: Any) -> Row:
        if not isinstance(value, Mapping):
            raise self.bad(name, f"expected an object, got {value!r:.60}")
        return Row(self.place, value, f"{self.inside}.{name}" if self.inside else name)

    def _transposed(self, name: str, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
        lengths = {key: len(column) if isinstance(column, (list, tuple)) else None for key, column in columns.items()}
        if None in lengths.values() or len(set(lengths.values())) > 1:
            raise self.bad(name, f"expected columns of one length, got {lengths}")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
