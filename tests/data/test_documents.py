"""Corpus files: what is written is read back, and a broken line names its place."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from adamem.data import documents
from adamem.data.documents import Document


def test_round_trip_over_several_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_DOCUMENTS", 4)
    texts = [Document(f"k:{number}", f'Zeile\n"{number}" – 東京\u2028 🙂') for number in range(10)]
    written = documents.write(texts, tmp_path)
    assert written == documents.Written(10, sum(len(document.text) for document in texts))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["00000.jsonl", "00001.jsonl", "00002.jsonl"]
    assert list(documents.read(tmp_path)) == texts


def test_reading_is_lazy(tmp_path: Path) -> None:
    (tmp_path / "00000.jsonl").write_text('{"key": "a", "text": "b"}\nbroken\n', encoding="utf-8")
    assert list(islice(documents.read(tmp_path), 1)) == [Document("a", "b")]


@pytest.mark.parametrize("line", ["broken", '["a", "b"]', '{"key": "a"}', '{"key": "a", "text": 3}', "", "\udc80"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "00000.jsonl"
    path.write_bytes(b'{"key": "a", "text": "b"}\n' + line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(ValueError, match=r"00000\.jsonl, line 2: .*run stage `download` again"):
        list(documents.read(tmp_path))


def test_nothing_to_write_or_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the source gave no document"):
        documents.write([], tmp_path)
    with pytest.raises(ValueError, match="run stage `download` first"):
        list(documents.read(tmp_path))
