"""The corpus as token ids on disk: memory-mapped shards with document offsets, split by document.

    documents -> batches of text -> ids -> shards of one split each -> manifest

Only a batch of documents and the offsets of the open shards are in memory while the corpus is written, and only
the pages that are looked at while it is read. A document is never cut between shards; its ids carry no begin or
end marks. Test documents (`split_of`) are left out altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from adamem.config import Tokens
from adamem.data.checksum import sha256
from adamem.data.documents import Document
from adamem.data.split import position_of, split_of
from adamem.data.staged import staged
from adamem.data.token_manifest import KEPT, Kept, Manifest, Shard
from adamem.models.frame import AS_TEXT

BATCH_CHARACTERS = 200_000


def write(documents: Iterable[Document], tokenizer: Any, folder: Path, settings: Tokens, chunk_size: int) -> Manifest:
    """Tokenize a stream of documents into `folder`, whole or not at all.

    Raises:
        ValueError: a split would be empty, or the disk is full.
    """
    dtype = np.dtype("<u2" if len(tokenizer) <= 2**16 else "<u4")
    with staged(folder) as target:
        writers: dict[Kept, ShardWriter] = {
            split: ShardWriter(target, split, dtype, settings, chunk_size) for split in KEPT
        }
        try:
            for batch in batches(kept(documents, settings.validation)):
                texts = [document.text for _, document in batch]
                found = tokenizer(texts, return_attention_mask=False, verbose=False, **AS_TEXT)
                for (split, _), row in zip(batch, found["input_ids"], strict=True):
                    writers[split].add(np.array(row, dtype))
        finally:
            shards: dict[Kept, tuple[Shard, ...]] = {split: tuple(writer.close()) for split, writer in writers.items()}
        require_documents(shards, folder, settings)
        manifest = Manifest(dtype.str, len(tokenizer), chunk_size, shards)
        manifest.write(target)
    return manifest


def require_documents(shards: Mapping[Kept, Sequence[Shard]], folder: Path, settings: Tokens) -> None:
    """See to it that no split is empty.

    Raises:
        ValueError: one is.
    """
    for split in (split for split, found in shards.items() if not found):
        raise ValueError(
            f"{folder}: no document falls to {split}; give more documents, or change data.tokens.validation "
            f"(now {settings.validation})"
        )


def kept(documents: Iterable[Document], validation: float) -> Iterator[tuple[Kept, Document]]:
    """Documents that may be learned from, each with its side; of these a share is for validation.

    That share is drawn by a second hash, since the validation side of `split_of` belongs to the benchmarks.
    """
    for document in documents:
        if split_of(document.key) != "test" and document.text:
            yield "validation" if position_of(document.key, "tokens") < validation else "train", document


def batches(documents: Iterable[tuple[Kept, Document]]) -> Iterator[list[tuple[Kept, Document]]]:
    """Batches of about `BATCH_CHARACTERS`: a bound in characters holds for short and for long documents."""
    batch: list[tuple[Kept, Document]] = []
    size = 0
    for entry in documents:
        batch.append(entry)
        size += len(entry[1].text)
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@dataclass
class ShardWriter:
    """Appends documents to shards of one split, numbered from `first`."""

    folder: Path
    split: Kept
    dtype: np.dtype
    settings: Tokens
    chunk_size: int
    first: int = 0
    stream: BinaryIO | None = None
    offsets: list[int] = field(default_factory=list)
    done: list[Shard] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.split}-{self.first + len(self.done):05d}"

    def add(self, ids: np.ndarray) -> None:
        """Append a document; a shard is full once it has `shard_tokens`."""
        if self.stream is None:
            self.stream, self.offsets = (self.folder / f"{self.name}.bin").open("wb"), [0]
        self.stream.write(ids.tobytes())
        self.offsets.append(self.offsets[-1] + len(ids))
        if self.offsets[-1] >= self.settings.shard_tokens:
            self.close()

    def close(self) -> list[Shard]:
        """Finish the open shard, if there is one; all finished shards."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
            path, offsets = self.folder / f"{self.name}.bin", np.array(self.offsets, "<i8")
            np.save(offsets_path(path), offsets)
            chunks = int((-(-np.diff(offsets) // self.chunk_size)).sum())
            hashes = sha256(path), sha256(offsets_path(path))
            self.done.append(Shard(self.name, len(offsets) - 1, int(offsets[-1]), chunks, *hashes))
        return self.done


class TokenStore(Sequence[np.ndarray]):
    """The documents of one split, as arrays that are views into the mapped files."""

    def __init__(self, folder: Path, manifest: Manifest, split: Kept) -> None:
        self.folder, self.manifest = folder, manifest
        self.shards = manifest.shards[split]
        self._ids = [_mapped(folder, shard, manifest.dtype) for shard in self.shards]
        self._offsets = [np.load(offsets_path(folder / f"{shard.name}.bin"), mmap_mode="r") for shard in self.shards]
        self._ends = np.cumsum([shard.documents for shard in self.shards])

    @classmethod
    def open(cls, folder: Path, split: Kept) -> TokenStore:
        """Map a split that stage `tokenize` has written.

        Raises:
            ValueError: the manifest or a file is missing, unreadable, or not of the size that the manifest says.
        """
        manifest = Manifest.read(folder)
        for shard in manifest.shards[split]:
            path = folder / f"{shard.name}.bin"
            _require_size(path, shard.tokens * np.dtype(manifest.dtype).itemsize, "bytes", _size)
            _require_size(offsets_path(path), shard.documents + 1, "offsets", _length)
        return cls(folder, manifest, split)

    @property
    def n_tokens(self) -> int:
        """Tokens of all documents together."""
        return sum(shard.tokens for shard in self.shards)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Token ids [L] of a document."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"document {index} of {len(self)}")
        index %= len(self)
        shard = int(np.searchsorted(self._ends, index, side="right"))
        row = index - int(self._ends[shard]) + self.shards[shard].documents
        start, end = self._offsets[shard][row : row + 2]
        return self._ids[shard][start:end]

    def lengths(self) -> np.ndarray:
        """Tokens of every document [N]: 8 bytes each, from the offsets alone."""
        return np.concatenate([np.diff(offsets) for offsets in self._offsets])

    def chunks(self, index: int) -> list[np.ndarray]:
        """A document in pieces of `chunk_size` ids, the last one shorter."""
        ids, size = self[index], self.manifest.chunk_size
        return [ids[start : start + size] for start in range(0, len(ids), size)]

    def verify(self) -> None:
        """Read every file once and compare its checksum.

        Raises:
            ValueError: a file was changed after it was written.
        """
        for shard in self.shards:
            path = self.folder / f"{shard.name}.bin"
            for file, expected in ((path, shard.sha256), (offsets_path(path), shard.offsets_sha256)):
                if (found := sha256(file)) != expected:
                    raise ValueError(f"{file}: expected sha256 {expected}, found {found}; run stage `tokenize` again")


def offsets_path(path: Path) -> Path:
    """Where the offsets of a shard's documents lie, beside its ids."""
    return path.with_suffix(".offsets.npy")


def _mapped(folder: Path, shard: Shard, dtype: str) -> np.ndarray:
    if not shard.tokens:
        return np.empty(0, dtype)
    return np.memmap(folder / f"{shard.name}.bin", dtype=dtype, mode="r")


def _size(path: Path) -> int:
    return path.stat().st_size


def _length(path: Path) -> int:
    return len(np.load(path, mmap_mode="r"))


def _require_size(path: Path, expected: int, unit: str, measure: Callable[[Path], int]) -> None:
    try:
        found = measure(path)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(
            f"{path}: expected {expected} {unit}, cannot be read ({error}); run stage `tokenize`"
        ) from error
    if found != expected:
        raise ValueError(f"{path}: expected {expected} {unit}, found {found}; run stage `tokenize` again")
