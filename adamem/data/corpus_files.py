"""Which parquet files make up a corpus, and how they are cut into units of work.

Stage `download` writes this down (`source.json`), stage `tokenize` reads the files where they lie: copying 30 GB
into DVC's cache would need the disk twice. The footer of a parquet file holds the offset and size of everything
in it, so its hash tells whether a file is still the one that was found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from adamem.data.hub import Repository, errors

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

FILE = "source.json"
PAGE = 2**20  # bytes read of a column at a time
COLUMNS = ["id", "text", "language_score"]


@dataclass(frozen=True)
class CorpusFile:
    """A parquet file, of which the first `rows` rows are read."""

    name: str
    bytes: int
    rows: int
    footer: str


@dataclass(frozen=True)
class Unit:
    """Row groups [first, last) of a file, of which `rows` rows are read; `characters` is about what they hold."""

    number: int
    file: CorpusFile
    first: int
    last: int
    rows: int
    characters: int


@dataclass(frozen=True)
class Source:
    """Files below a local folder, in the hub's cache, or on the hub itself, in the order in which they are read."""

    kind: Literal["folder", "cached", "streamed"]
    place: str
    commit: str
    files: tuple[CorpusFile, ...] = ()

    def write(self, folder: Path) -> None:
        """Put the list into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Source:
        """The list that stage `download` wrote.

        Raises:
            ValueError: there is none, or it is not one.
        """
        path = folder / FILE
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            files = tuple(CorpusFile(**file) for file in tree.pop("files"))
            return cls(**tree, files=files)
        except OSError as error:
            raise ValueError(f"{path}: cannot be read ({error.strerror}); run stage `download` first") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a list of files ({error!r}); run stage `download` again") from error

    @contextmanager
    def open(self, name: str, root: Path) -> Iterator[pq.ParquetFile]:
        """A file of the corpus; `root` is what a relative `place` is relative to.

        Raises:
            ValueError: it is missing, is no parquet file, or lacks a column.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        far = self.kind == "streamed"
        remote = errors(str(Repository(self.place, self.commit))) if far else nullcontext()
        # far: a row group in a few requests; near: a column at a time, some pages of it
        reading: dict[str, Any] = {"pre_buffer": True} if far else {"pre_buffer": False, "buffer_size": PAGE}
        try:
            with remote, self.bytes(name, root) as stream, pq.ParquetFile(stream, **reading) as file:
                _require_columns(f"{self.place}/{name}", file.schema_arrow)
                yield file
        except (pa.ArrowException, OSError) as error:
            raise ValueError(
                f"{self.place}/{name}: not a readable parquet file ({error}); download it again"
            ) from error

    def bytes(self, name: str, root: Path) -> BinaryIO:
        """A file of the corpus as bytes."""
        if self.kind == "streamed":
            return Repository(self.place, self.commit).open(name)
        if self.kind == "cached":
            return Repository(self.place, self.commit).cached(name).open("rb")
        return (root / self.place / name).open("rb")

    def describe(self, name: str, root: Path, rows: int) -> CorpusFile:
        """What the footer of a file says, if at most `rows` rows are wanted."""
        with self.open(name, root) as file, self.bytes(name, root) as stream:
            digest, size = _footer(stream)
            return CorpusFile(name, size, min(rows, file.metadata.num_rows), digest)

    def units(self, characters: int, root: Path) -> list[Unit]:
        """Neighbouring row groups of one file with about that many characters of text.

        They follow from the files and from `characters` alone, so any number of workers makes the same ones.

        Raises:
            ValueError: a file is not the one that was found.
        """
        found: list[Unit] = []
        for file in self.files:
            if self.describe(file.name, root, file.rows) != file:
                raise ValueError(f"{self.place}/{file.name}: changed since it was found; run stage `download` again")
            with self.open(file.name, root) as opened:
                found += _cut(file, opened.metadata, characters, len(found))
        return found


def _cut(file: CorpusFile, metadata: pq.FileMetaData, characters: int, number: int) -> Iterator[Unit]:
    text = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == "text")
    first = rows = size = before = 0
    for group in range(metadata.num_row_groups):
        described = metadata.row_group(group)
        rows, size = rows + described.num_rows, size + described.column(text).total_uncompressed_size
        rest = file.rows - before
        if size >= characters or group == metadata.num_row_groups - 1 or rows >= rest:
            yield Unit(number, file, first, group + 1, min(rows, rest), size)
            number, first, before, rows, size = number + 1, group + 1, before + rows, 0, 0
        if before >= file.rows:
            return


def _footer(stream: BinaryIO) -> tuple[str, int]:
    """Hash of a parquet file's last part, and the size of the file; the last 8 bytes are its length and a mark."""
    size = stream.seek(0, 2)
    stream.seek(size - 8)
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(size - 8 - length)
    return hashlib.sha256(stream.read(length)).hexdigest(), size


def _require_columns(place: str, schema: pa.Schema) -> None:
    import pyarrow as pa

    missing = [name for name in COLUMNS if name not in schema.names]
    if missing:
        raise ValueError(
            f"{place}: no column {', '.join(missing)}; FineWeb has {', '.join(COLUMNS)}, here are "
            f"{', '.join(schema.names)}"
        )
    other = [name for name in COLUMNS[:2] if schema.field(name).type not in (pa.string(), pa.large_string())]
    if other:
        raise ValueError(f"{place}: {', '.join(other)} must be text, and is {schema.field(other[0]).type}")
