"""One benchmark item and its file format: a JSON object a line, checked field by field when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from adamem.config import GROUPS
from adamem.data.staged import write_text


@dataclass(frozen=True)
class Fact:
    """A named value that a summary must give; `contradicted` are the false values seen in the context."""

    name: str
    accepted: tuple[str, ...]
    contradicted: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """A context, a question on it and the accepted answers.

    Attributes:
        documents: Character span of each document in the context.
        target: The text that a model is trained to write; also the first of `references`.
        gold: Documents that carry the evidence, as indices into `documents`.
        entities: Keys of the entities that the evidence is about; they never cross splits.
        wording: Index of the question's wording among those of its relation.
        lexical: Whether the question shares a content word with the gold documents.
        source: The original item, where this is its counterfactual copy.
    """

    id: str
    group: str
    kind: str
    context: str
    documents: tuple[tuple[int, int], ...]
    question: str
    target: str
    references: tuple[str, ...]
    gold: tuple[int, ...]
    entities: tuple[str, ...]
    wording: int
    lexical: bool
    facts: tuple[Fact, ...] = ()
    source: str | None = None

    def document(self, index: int) -> str:
        """The text of one document."""
        start, end = self.documents[index]
        return self.context[start:end]

    def to_json(self) -> dict[str, Any]:
        """The item as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any, place: str = "item") -> Item:
        """Check and build an item.

        Raises:
            ValueError: a field is missing, unknown, of the wrong type or points outside the context;
                the message starts with `place` and names the field.
        """
        if not isinstance(value, dict):
            raise ValueError(f"{place}: expected a JSON object, got {type(value).__name__}")
        names = {field.name for field in fields(cls)}
        for name in sorted(set(value) - names):
            raise ValueError(f"{place}: unknown field '{name}'; known are {', '.join(sorted(names))}")
        for name in sorted(names - set(value)):
            raise ValueError(f"{place}: field '{name}' is missing; write the file again with stage `tasks`")
        item = cls(**{name: _READERS[name](value[name], f"{place}: field '{name}'") for name in names})
        return _consistent(item, place)


def _consistent(item: Item, place: str) -> Item:
    for start, end in item.documents:
        if not 0 <= start < end <= len(item.context):
            raise ValueError(f"{place}: field 'documents': span [{start}, {end}] is outside the context")
    for index in item.gold:
        if not 0 <= index < len(item.documents):
            raise ValueError(f"{place}: field 'gold': {index} is not one of {len(item.documents)} documents")
    if item.target not in item.references:
        raise ValueError(f"{place}: field 'references': does not hold the target {item.target!r}")
    return item


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place}: expected text, got {value!r:.60}")
    return value


def _optional_text(value: Any, place: str) -> str | None:
    return None if value is None else _text(value, place)


def _integer(value: Any, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{place}: expected a whole number, got {value!r:.60}")
    return value


def _flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{place}: expected true or false, got {value!r:.60}")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{place}: expected a list, got {value!r:.60}")
    return list(value)


def _texts(value: Any, place: str) -> tuple[str, ...]:
    return tuple(_text(part, place) for part in _list(value, place))


def _integers(value: Any, place: str) -> tuple[int, ...]:
    return tuple(_integer(part, place) for part in _list(value, place))


def _spans(value: Any, place: str) -> tuple[tuple[int, int], ...]:
    spans = [_integers(part, place) for part in _list(value, place)]
    for span in spans:
        if len(span) != 2:
            raise ValueError(f"{place}: expected [start, end], got {list(span)!r:.60}")
    return tuple((span[0], span[1]) for span in spans)


def _facts(value: Any, place: str) -> tuple[Fact, ...]:
    return tuple(_fact(part, place) for part in _list(value, place))


def _fact(value: Any, place: str) -> Fact:
    if not isinstance(value, dict) or set(value) != {"name", "accepted", "contradicted"}:
        raise ValueError(f"{place}: expected name, accepted and contradicted, got {value!r:.60}")
    return Fact(
        name=_text(value["name"], place),
        accepted=_texts(value["accepted"], place),
        contradicted=_texts(value["contradicted"], place),
    )


_READERS = {
    **dict.fromkeys(("id", "group", "kind", "context", "question", "target"), _text),
    **dict.fromkeys(("references", "entities"), _texts),
    "documents": _spans,
    "gold": _integers,
    "wording": _integer,
    "lexical": _flag,
    "facts": _facts,
    "source": _optional_text,
}


def read(path: Path) -> list[Item]:
    """All items of a file, in order.

    Raises:
        ValueError: the file is missing or a line is malformed; the message names file, line and field.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); run stage `tasks` first") from error
    return [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]


def _parse(line: str, place: str) -> Item:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not valid JSON ({error.msg} at column {error.colno})") from error
    return Item.from_json(value, place)


def write(path: Path, items: Iterable[Item]) -> None:
    """Write one item a line; the file appears whole or not at all."""
    write_text(path, "".join(json.dumps(item.to_json(), ensure_ascii=False) + "\n" for item in items))


@dataclass(frozen=True)
class Groups:
    """Training and validation items of all groups, in the order of `GROUPS`."""

    train: list[list[Item]]
    validation: list[list[Item]]


def read_groups(folder: Path) -> Groups:
    """The items under `folder/{A,B,C,D}`.

    Raises:
        ValueError: as `read`, or a file holds none: the groups take turns, so that each needs some.
    """
    parts = [[_read_some(folder / group / f"{part}.jsonl") for group in GROUPS] for part in ("train", "validation")]
    return Groups(*parts)


def _read_some(path: Path) -> list[Item]:
    items = read(path)
    if not items:
        group, part = path.parent.name, path.stem
        raise ValueError(
            f"{path}: holds no items: it was cut short, or benchmarks.{group}.{part} is 0; raise that if it is, and "
            f"run `dvc repro --force tasks@{group}`"
        )
    return items
