"""A large corpus as token ids on disk: many processes, one unit of the corpus at a time, one shard a unit.

    files -> units -> workers: rows -> documents -> ids -> a shard of each split, and a record -> manifest

Units follow from the files and the settings, so the shards are the same bytes whatever the number of workers. A
worker holds a batch of documents and the offsets of its two shards. A finished unit has a record with checksums; an
interrupted run keeps those units beside the output and the next one makes only the others.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from adamem.config import CorpusFineWeb, Tokens
from adamem.data import fineweb
from adamem.data.checksum import sha256
from adamem.data.corpus_files import Source, Unit
from adamem.data.hub import require_room
from adamem.data.staged import disk_errors, swap, write_text
from adamem.data.token_manifest import KEPT, Kept, Manifest, Shard
from adamem.data.tokens import ShardWriter, batches, kept, offsets_path, require_documents

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

CHARACTERS_A_TOKEN = 4  # of English web text; only sizes of units and the room on disk are reckoned by it
VERSION = 2  # of what a unit's files hold; raise it with any change of them


@dataclass(frozen=True)
class Work:
    """All that the shards follow from, except for the tokenizer; `root` is what a relative path is relative to."""

    source: Source
    corpus: CorpusFineWeb
    tokens: Tokens
    chunk_size: int
    root: Path

    def units(self) -> list[Unit]:
        """Parts of the corpus with about `shard_tokens` tokens."""
        return self.source.units(self.tokens.shard_tokens * CHARACTERS_A_TOKEN, self.root)

    def key(self, tokenizer: str) -> str:
        """What two runs have in common that make the same units; how many rows are read does not change a whole one."""
        filters = self.corpus.model_dump(exclude={"path", "streaming", "revision", "max_documents"})
        parts = [VERSION, self.source.place, self.source.commit, filters, self.tokens.model_dump(), self.chunk_size]
        return hashlib.sha256(json.dumps([*parts, tokenizer], default=str).encode()).hexdigest()


@dataclass(frozen=True)
class _Place:
    """Where units wait until all are there: a sibling of the output, which DVC does not clear."""

    folder: Path

    @property
    def shards(self) -> Path:
        return self.folder / "shards"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer.json"

    def record(self, unit: Unit) -> Path:
        return self.folder / f"unit-{unit.number:05d}.json"

    def clear(self, manifest: Manifest) -> None:
        """Remove what an interrupted run has left and no unit claims."""
        claimed = {shard.name for shards in manifest.shards.values() for shard in shards}
        for path in self.shards.iterdir():
            if path.name.split(".")[0] not in {*claimed, "manifest"}:
                path.unlink()

    @classmethod
    def beside(cls, folder: Path, key: str, tokenizer: str) -> _Place:
        """The place for an output; units that were made under another key are removed."""
        place, mark = cls(folder.with_name(f".{folder.name}.units")), "key"
        if not (place.folder / mark).is_file() or (place.folder / mark).read_text(encoding="utf-8") != key:
            shutil.rmtree(place.folder, ignore_errors=True)
            place.folder.mkdir(parents=True)
            place.tokenizer.write_text(tokenizer, encoding="utf-8")
            (place.folder / mark).write_text(key, encoding="utf-8")
        place.shards.mkdir(exist_ok=True)  # they are gone where a kill came once they had become the output
        return place


def write(work: Work, tokenizer: PreTrainedTokenizerFast, folder: Path, workers: int | None = None) -> Manifest:
    """Tokenize the corpus into `folder`, whole or not at all; what an interrupted run finished is not done again.

    Args:
        workers: processes; by default one for each CPU that this process may use.

    Raises:
        ValueError: a file cannot be read or was changed, a split would be empty, the disk is full, or a worker died.
    """
    units, state = work.units(), tokenizer.backend_tokenizer.to_str()
    dtype = np.dtype("<u2" if len(tokenizer) <= 2**16 else "<u4")
    place = _Place.beside(folder, work.key(state), state)
    open_units = [unit for unit in units if not _finished(place, unit)]
    needed = sum(unit.characters for unit in open_units) // CHARACTERS_A_TOKEN * dtype.itemsize
    require_room(folder, needed, "or lower data.corpus.max_documents")
    with disk_errors(folder), tqdm(desc="tokenize", total=len(units), unit=" units", disable=None) as bar:
        bar.update(len(units) - len(open_units))
        for _ in _made(work, place, open_units, dtype.str, workers or _cpus()):
            bar.update()
        manifest = _joined(place, units, Manifest(dtype.str, len(tokenizer), work.chunk_size, {}))
        require_documents(manifest.shards, folder, work.tokens)
        manifest.write(place.shards)
        place.clear(manifest)
        swap(place.shards, folder)
        shutil.rmtree(place.folder)
    return manifest


def _made(work: Work, place: _Place, units: list[Unit], dtype: str, workers: int) -> Iterator[None]:
    """Make units, yielding after each; the first error stops the others."""
    if workers == 1 or len(units) < 2:
        for unit in units:
            yield _make(work, place, unit, dtype)
        return
    pool = ProcessPoolExecutor(min(workers, len(units)), mp_context=get_context("spawn"), initializer=_alone)
    try:
        for done in as_completed([pool.submit(_make, work, place, unit, dtype) for unit in units]):
            yield done.result()
    except BrokenProcessPool as error:
        raise ValueError(
            "tokenize: a worker was ended from outside, as happens when memory runs out; run the stage again, on fewer "
            "CPUs (taskset) if need be: finished units are kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alone() -> None:
    """A worker is one of as many as there are CPUs: its tokenizer needs no threads, and it ends with its parent."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed run must not write on while the next one has begun."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _make(work: Work, place: _Place, unit: Unit, dtype: str) -> None:
    """Write the shards of a unit, then its record: a unit without one was not finished."""
    rows: Counter[str] = Counter()
    unlimited = work.tokens.model_copy(update={"shard_tokens": 2**62})
    writers: dict[Kept, ShardWriter] = {
        split: ShardWriter(place.shards, split, np.dtype(dtype), unlimited, work.chunk_size, unit.number)
        for split in KEPT
    }
    documents = fineweb.documents(work.source, unit, work.corpus, work.root, rows)
    try:
        for batch in batches(kept(documents, work.tokens.validation)):
            texts = [document.text for _, document in batch]
            found = _loaded(place.tokenizer).encode_batch_fast(texts, add_special_tokens=False)
            for (split, _), encoding in zip(batch, found, strict=True):
                writers[split].add(np.array(encoding.ids, dtype))
    finally:
        shards = {split: [asdict(shard) for shard in writer.close()] for split, writer in writers.items()}
    record = {"unit": asdict(unit), "shards": shards, "rows": {fate: rows[fate] for fate in fineweb.FATES}}
    write_text(place.record(unit), json.dumps(record))


@functools.lru_cache(maxsize=1)
def _loaded(path: Path) -> Tokenizer:
    """The tokenizer without the rest of its library, which would take a worker seconds and 200 MB."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(path))
    found.no_padding()
    found.no_truncation()
    found.encode_special_tokens = True  # a text that reads like one is text
    return found


def _read(place: _Place, unit: Unit) -> dict[str, Any]:
    return json.loads(place.record(unit).read_text(encoding="utf-8"))


def _finished(place: _Place, unit: Unit) -> bool:
    """A record of this very unit, and files with the checksums that it names."""
    try:
        record = _read(place, unit)
        shards = [Shard(**shard) for split in KEPT for shard in record["shards"][split]]
        paths = [place.shards / f"{shard.name}.bin" for shard in shards]
        found = [(sha256(path), sha256(offsets_path(path))) for path in paths]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return record["unit"] == asdict(unit) and found == [(shard.sha256, shard.offsets_sha256) for shard in shards]


def _joined(place: _Place, units: list[Unit], empty: Manifest) -> Manifest:
    """The manifest of all units, in their order."""
    records = [_read(place, unit) for unit in units]
    shards: dict[Kept, tuple[Shard, ...]] = {
        split: tuple(Shard(**shard) for record in records for shard in record["shards"][split]) for split in KEPT
    }
    rows = {fate: sum(record["rows"][fate] for record in records) for fate in fineweb.FATES}
    return Manifest(empty.dtype, empty.vocabulary, empty.chunk_size, shards, rows)
