"""FineWeb as a stream of documents: from the hub, or from parquet files in a local folder.

Only the columns `id` and `text` of its schema are read, one batch of rows at a time, so memory does not grow with
the number of documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from adamem.config import CorpusFineWeb
from adamem.data.documents import Document

COLUMNS = ["id", "text"]
BATCH_ROWS = 256


@dataclass
class Rows:
    """Counts that grow while a stream is read; `bad` rows have no id or no text and are left out."""

    good: int = 0
    bad: int = 0


def stream(settings: CorpusFineWeb, root: Path, rows: Rows) -> Iterator[Document]:
    """The first `max_documents` usable documents, as `fineweb:<id>`.

    Args:
        root: what a relative `path` is relative to.
        rows: counts rows while the stream is read.
    """
    source = from_hub(settings) if settings.path is None else from_folder(root / settings.path)
    yield from islice(_documents(source, rows), settings.max_documents)


def from_folder(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of all parquet files below a folder, in the order of their paths.

    Raises:
        ValueError: there is no such file, one is damaged, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = sorted(folder.rglob("*.parquet"))
    if not paths:
        raise ValueError(
            f"data.corpus.path: no *.parquet below {folder}; give a folder, or null to stream from the hub"
        )
    for path in paths:
        try:
            with pq.ParquetFile(path, pre_buffer=False) as file:
                _require_columns(path, file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=COLUMNS, use_threads=False):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path}: not a readable parquet file ({error}); download it again") from error


def from_hub(settings: CorpusFineWeb) -> Iterator[Mapping[str, Any]]:
    """Rows streamed from the hub at a pinned revision.

    Raises:
        ValueError: the hub cannot be reached, or has no such data set, revision or subset.
    """
    import datasets

    name = f"{settings.repo} ({settings.subset}, revision {settings.revision})"
    with _hub_errors(name):
        rows = datasets.load_dataset(
            settings.repo, settings.subset, split="train", streaming=True, revision=settings.revision
        )
    _require_columns(name, rows.column_names or COLUMNS)
    with _hub_errors(name):
        yield from rows.select_columns(COLUMNS)


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (OSError, ValueError, HfHubHTTPError, DatasetNotFoundError) as error:
        raise ValueError(
            f"data.corpus: {name} cannot be read from the hub ({error}); connect, correct repo, revision and subset, "
            "or download its parquet files and set data.corpus.path"
        ) from error


def _require_columns(place: Path | str, names: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(
            f"{place}: no column {', '.join(missing)}; FineWeb has text and id, here are {', '.join(names)}"
        )


def _documents(source: Iterator[Mapping[str, Any]], rows: Rows) -> Iterator[Document]:
    for row in source:
        key, text = row["id"], row["text"]
        if isinstance(key, str) and isinstance(text, str) and key and text.strip():
            rows.good += 1
            yield Document(f"fineweb:{key}", text)
        else:
            rows.bad += 1
