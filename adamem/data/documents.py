"""Documents of the corpus and their files: one JSON object {"key", "text"} a line, in numbered shards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

SHARD_DOCUMENTS = 10_000


class Document(NamedTuple):
    """A text and the key that decides its split, such as `speech:1981-Carter-1`."""

    key: str
    text: str


@dataclass(frozen=True)
class Written:
    """What went into a folder."""

    documents: int
    characters: int


def write(documents: Iterable[Document], folder: Path) -> Written:
    """Write a stream of documents, holding one at a time.

    Raises:
        ValueError: there is no document at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stream = iter(tqdm(documents, desc="documents", unit=" documents", disable=None))
    count = characters = shard = 0
    while (first := next(stream, None)) is not None:
        with (folder / f"{shard:05d}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            for document in chain([first], islice(stream, SHARD_DOCUMENTS - 1)):
                file.write(json.dumps(document._asdict(), ensure_ascii=False) + "\n")
                count, characters = count + 1, characters + len(document.text)
        shard += 1
    if not count:
        raise ValueError("data.corpus: the source gave no document; check its path, subset and max_documents")
    return Written(count, characters)


def read(folder: Path, task: str = "documents") -> Iterator[Document]:
    """Read the documents of a folder one at a time, under a progress bar that is named by `task`.

    Raises:
        ValueError: there is no shard, or a line is malformed; the message names file and line.
    """
    shards = sorted(folder.glob("*.jsonl"))
    if not shards:
        raise ValueError(f"{folder}: no *.jsonl there; run stage `download` first")
    size = sum(path.stat().st_size for path in shards)
    with tqdm(total=size, desc=task, unit="B", unit_scale=True, disable=None) as bar:
        for path in shards:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield _parse(line, f"{path}, line {number}")
                    bar.update(len(line))


def _parse(line: bytes, place: str) -> Document:
    try:
        value = json.loads(line)
        document = Document(value["key"], value["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{place}: not a JSON object with "key" and "text"; run stage `download` again') from error
    if not all(isinstance(part, str) for part in document):
        raise ValueError(f'{place}: "key" and "text" must be text; run stage `download` again')
    return document
