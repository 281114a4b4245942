"""FineWeb: finding its files, and its rows as documents.

Only three columns of its schema are read, one batch of rows at a time, so memory does not grow with the number of
documents. A row that cannot be used, or that a filter leaves out, is counted under its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from adamem.config import CorpusFineWeb
from adamem.data.corpus_files import COLUMNS, CorpusFile, Source, Unit
from adamem.data.documents import Document
from adamem.data.hub import Repository

if TYPE_CHECKING:
    import pyarrow as pa

FATES = ("kept", "no_text", "no_id", "broken_utf8", "too_long", "too_short", "low_language_score")
BATCH_ROWS = 256


def find(settings: CorpusFineWeb, root: Path) -> Source:
    """The files with the first `max_documents` rows, copied from the hub unless they lie in a folder or are streamed.

    Args:
        root: what a relative `path` is relative to.

    Raises:
        ValueError: there is no such file, one is damaged or lacks a column, the hub cannot be reached, or the disk
            is too small.
    """
    if settings.path is not None:
        folder = root / settings.path
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
        source = Source("folder", settings.path, "")
        if not names:
            raise ValueError(
                f"data.corpus.path: no *.parquet below {folder}; give a folder, or null to read from the hub"
            )
        return replace(source, files=tuple(_first(source, names, settings.max_documents, root)))
    repository = Repository.pinned(settings.repo, settings.revision)
    source = Source("streamed", repository.repo, repository.commit)
    names = repository.parquet(settings.subset)
    source = replace(source, files=tuple(_first(source, names, settings.max_documents, root)))
    if settings.streaming:
        return source
    repository.copy([file.name for file in source.files])
    return replace(source, kind="cached")


def documents(
    source: Source, unit: Unit, settings: CorpusFineWeb, root: Path, rows: Counter[str]
) -> Iterator[Document]:
    """The usable rows of a unit, as `fineweb:<id>`; `rows` counts them all by what became of them."""
    rest = unit.rows
    with source.open(unit.file.name, root) as file:
        for group in range(unit.first, unit.last):
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=COLUMNS, use_threads=False):
                for fate, document in _judged(batch.slice(0, max(rest, 0)), settings):
                    rows[fate] += 1
                    if fate == "kept":
                        yield document
                rest -= batch.num_rows


def _first(source: Source, names: list[str], rows: int, root: Path) -> Iterator[CorpusFile]:
    for name in names:
        file = source.describe(name, root, rows)
        rows -= file.rows
        if file.rows:
            yield file
        if not rows:
            return


def _judged(batch: pa.RecordBatch, settings: CorpusFineWeb) -> Iterator[tuple[str, Document]]:
    """Text is taken as bytes, since Arrow hands on what is not UTF-8 and Python stops there."""
    import pyarrow as pa

    keys, texts = (batch.column(name).cast(pa.large_binary()).to_pylist() for name in ("id", "text"))
    for key, text, score in zip(keys, texts, batch.column("language_score").to_pylist(), strict=True):
        try:
            document = Document(f"fineweb:{(key or b'').decode()}", (text or b"").decode())
        except UnicodeDecodeError:
            yield "broken_utf8", Document("", "")
            continue
        yield _fate(document, score, settings), document


def _fate(document: Document, score: float | None, settings: CorpusFineWeb) -> str:
    length = len(document.text)
    if not document.text.strip():
        return "no_text"
    if document.key == "fineweb:":
        return "no_id"
    if length > settings.max_characters:
        return "too_long"
    if length < settings.min_characters:
        return "too_short"
    if settings.min_language_score and not (score or 0) >= settings.min_language_score:
        return "low_language_score"
    return "kept"
