"""Token shards: what goes in comes out, nothing of the test side does, and damage is named."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from adamem.config import Tokens
from adamem.data import tokens
from adamem.data.documents import Document
from adamem.data.split import split_of
from adamem.data.token_manifest import Kept
from adamem.data.tokens import TokenStore

SETTINGS = Tokens(shard_tokens=500, validation=0.2)


class ByteTokenizer:
    """Stands in for a fast tokenizer: an id for each byte, moved up by `first`."""

    def __init__(self, size: int = 300, first: int = 0) -> None:
        self.size, self.first = size, first

    def __len__(self) -> int:
        return self.size

    def __call__(self, texts: Sequence[str], *, add_special_tokens: bool, **_: object) -> dict[str, list[list[int]]]:
        assert not add_special_tokens
        return {"input_ids": [[byte + self.first for byte in text.encode()] for text in texts]}


def corpus(count: int = 100) -> list[Document]:
    return [Document(f"speech:{number}", f"Rede {number} " + "ä" * (number % 40)) for number in range(count)]


def everything(folder: Path, split: Kept) -> list[str]:
    return [bytes(row.tolist()).decode() for row in TokenStore.open(folder, split)]


def test_round_trip(tmp_path: Path) -> None:
    """Every document that is not for test is in exactly one split, whole and in order."""
    manifest = tokens.write(corpus(), ByteTokenizer(), tmp_path / "tokens", SETTINGS, 16)
    texts = {split: everything(tmp_path / "tokens", split) for split in ("train", "validation")}
    expected = {"train": [], "validation": []}
    for split, document in tokens.kept(corpus(), SETTINGS.validation):
        expected[split].append(document.text)
    assert texts == expected
    assert sum(map(len, texts.values())) == sum(split_of(document.key) != "test" for document in corpus())

    store = TokenStore.open(tmp_path / "tokens", "train")
    assert len(store.shards) > 1 and all(shard.tokens >= 500 for shard in store.shards[:-1])
    assert store.n_tokens == manifest.counts["train_tokens"] == sum(map(len, store))
    assert len(store) == manifest.counts["train_documents"]
    assert store.manifest == manifest
    assert store[0].dtype == np.dtype("<u2") and isinstance(store[0].base, np.memmap | np.ndarray)
    assert store[-1].tolist() == store[len(store) - 1].tolist()
    with pytest.raises(IndexError):
        store[len(store)]
    store.verify()


def test_chunks(tmp_path: Path) -> None:
    manifest = tokens.write(corpus(), ByteTokenizer(), tmp_path / "tokens", SETTINGS, 16)
    store = TokenStore.open(tmp_path / "tokens", "train")
    pieces = [store.chunks(index) for index in range(len(store))]
    assert sum(map(len, pieces)) == manifest.counts["train_chunks"]
    assert all(len(piece) == 16 for chunks in pieces for piece in chunks[:-1])
    assert np.concatenate(pieces[7]).tolist() == store[7].tolist()


def test_ids_beyond_two_bytes(tmp_path: Path) -> None:
    tokens.write(corpus(), ByteTokenizer(size=151_936, first=150_000), tmp_path / "tokens", SETTINGS, 16)
    store = TokenStore.open(tmp_path / "tokens", "train")
    assert store[0].dtype == np.dtype("<u4") and store[0][0] == 150_000 + ord("R")


def test_the_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    """And a document that is added moves no other to another side."""
    first = tokens.write(corpus(), ByteTokenizer(), tmp_path / "a", SETTINGS, 16)
    assert tokens.write(corpus(), ByteTokenizer(), tmp_path / "b", SETTINGS, 16) == first
    tokens.write(corpus(150), ByteTokenizer(), tmp_path / "c", SETTINGS, 16)
    for split in ("train", "validation"):
        assert set(everything(tmp_path / "a", split)) <= set(everything(tmp_path / "c", split))


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """24 MB of text and as many tokens pass through a few MB."""

    def stream() -> Iterator[Document]:
        for number in range(3000):
            yield Document(f"d:{number}", f"{number:08d}" * 1000)

    tracemalloc.start()
    try:
        settings = Tokens(shard_tokens=1_000_000, validation=0.1)
        manifest = tokens.write(stream(), ByteTokenizer(), tmp_path / "tokens", settings, 64)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert manifest.counts["train_tokens"] > 15e6
    assert peak < 6e6


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    before = tokens.write(corpus(), ByteTokenizer(), folder, SETTINGS, 16)

    def broken() -> Iterator[Document]:
        yield from corpus(90)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokens.write(broken(), ByteTokenizer(), folder, SETTINGS, 16)
    assert TokenStore.open(folder, "train").manifest == before
    assert [path.name for path in tmp_path.iterdir()] == ["tokens"]


def test_an_empty_split_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"no document falls to validation; .*data\.tokens\.validation \(now 0\.0001\)"
    ):
        tokens.write(corpus(5), ByteTokenizer(), tmp_path / "tokens", Tokens(shard_tokens=9, validation=0.0001), 16)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    tokens.write(corpus(), ByteTokenizer(), tmp_path / "tokens", SETTINGS, 16)
    return tmp_path / "tokens"


def test_a_truncated_shard(written: Path) -> None:
    path = written / "train-00001.bin"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ValueError, match=rf"train-00001\.bin: expected {size} bytes, found {size - 2}; run stage"):
        TokenStore.open(written, "train")
    assert len(TokenStore.open(written, "validation"))


def test_other_offsets_than_written(written: Path) -> None:
    path = written / "train-00000.offsets.npy"
    expected = len(np.load(path))
    np.save(path, np.zeros(3, np.int64))
    with pytest.raises(ValueError, match=rf"train-00000\.offsets\.npy: expected {expected} offsets, found 3"):
        TokenStore.open(written, "train")
    path.write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"offsets\.npy: expected \d+ offsets, cannot be read"):
        TokenStore.open(written, "train")


def test_a_missing_shard(written: Path) -> None:
    (written / "train-00000.bin").unlink()
    with pytest.raises(ValueError, match=r"train-00000\.bin: expected \d+ bytes, cannot be read .*No such file"):
        TokenStore.open(written, "train")


def test_changed_bytes_are_found_on_request(written: Path) -> None:
    path = written / "train-00000.bin"
    path.write_bytes(b"\x00" * path.stat().st_size)
    store = TokenStore.open(written, "train")
    with pytest.raises(ValueError, match=r"train-00000\.bin: expected sha256 \w+, found \w+"):
        store.verify()


def test_no_manifest_or_a_broken_one(tmp_path: Path, written: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read .*run stage `tokenize` first"):
        TokenStore.open(tmp_path / "elsewhere", "train")
    path = written / "manifest.json"
    for text in ("{", json.dumps({"dtype": "<u2"}), json.dumps([1])):
        path.write_text(text)
        with pytest.raises(ValueError, match="not a token manifest"):
            TokenStore.open(written, "train")
