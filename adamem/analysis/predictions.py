"""What a method answered, item by item: the lines of `reports/benchmarks/METHOD/GROUP.jsonl`, and the sums beside
them in `GROUP.json`, as stage `benchmark` wrote them. Both are in git, so that every number of the report can be
traced to single answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from adamem.analysis import names


class Source(BaseModel):
    """A stretch of the context that the memory was made from, and its share of the picks."""

    model_config = ConfigDict(frozen=True)

    document: int
    text: str
    share: float


class _Read(BaseModel):
    """What a file or a line of it is read as, and what to do where it is malformed."""

    model_config = ConfigDict(frozen=True)
    again: ClassVar[str] = "run stage `benchmark` again"


R = TypeVar("R", bound=_Read)


class Prediction(_Read):
    """An answer with its scores; `coverage` and `contradictions` are None where the item lists no facts, `official`
    where it is not of a public set."""

    id: str
    kind: str
    question: str
    gold: tuple[str, ...]
    prediction: str
    em: float
    f1: float
    rouge_1: float
    rouge_2: float
    rouge_l: float
    coverage: float | None
    contradictions: float | None
    counterfactual: bool
    memory: tuple[Source, ...] | None
    official: float | None = None

    @property
    def str_em(self) -> float:
        """The share of the names that stand in the answer, where it is to list some."""
        return names.str_em(self.prediction, self.gold)

    @property
    def str_hit(self) -> float:
        """1 where all of them do."""
        return names.str_hit(self.prediction, self.gold)


class Asked(_Read):
    """What the analysis needs of an item: its id, keys of what it is about, and the item that it is a counterfactual
    copy of."""

    again: ClassVar[str] = "run stage `tasks` again, or `python -m adamem.ablate` for items of an experiment"

    id: str
    entities: tuple[str, ...]
    source: str | None = None


class Cost(_Read):
    """What a method took in one group: mean decoder positions, trained weights, bytes kept per context token."""

    method: str
    group: str
    decoder_tokens: float
    trainable_parameters: int
    offline_bytes_per_token: float


def read(path: Path) -> list[Prediction]:
    """All answers of a file, in order.

    Raises:
        ValueError: the file is missing or a line is malformed; the message names file, line and field.
    """
    return _lines(Prediction, path)


def read_asked(path: Path) -> list[Asked]:
    """All items of a file, in order. Raises ValueError as `read` does."""
    return _lines(Asked, path)


def read_cost(path: Path) -> Cost:
    """The sums of one method in one group. Raises ValueError as `read` does."""
    return _parse(Cost, _text(path), str(path))


def _lines(kind: type[R], path: Path) -> list[R]:
    lines = _text(path).split("\n")
    return [_parse(kind, line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); run stage `benchmark` first") from error


def _parse(kind: type[R], line: str, place: str) -> R:
    try:
        return kind.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not valid JSON ({error.msg} at column {error.colno})") from error
    except ValidationError as error:
        problems = "; ".join(f"field '{'.'.join(map(str, e['loc']))}': {e['msg']}" for e in error.errors())
        raise ValueError(f"{place}: {problems}; {kind.again}") from error
