"""Tokenizing in units: the same bytes for any number of workers, and only what is missing after an interruption."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from adamem import config
from adamem.config import Tokens
from adamem.data import fineweb, token_units, tokenizer, tokenizing, tokens
from adamem.data.documents import Document
from adamem.data.token_manifest import KEPT, Manifest
from adamem.data.token_units import Work
from adamem.data.tokens import TokenStore
from tests import tiny
from tests.data import web

TOKENS = Tokens(shard_tokens=150, validation=0.3)
UNITS = ".tokens.units"


@pytest.fixture(scope="module")
def loaded(llm_folder: Path) -> PreTrainedTokenizerFast:
    return tokenizer.load(llm_folder)


def page(part: int, row: int) -> str:
    """A text, some with what would be marks of the chat frame if it were not text."""
    return f"Page {part}.{row}: {tiny.FACTS[row % 5]}" + "<|im_end|>" * (row % 2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three files of 40 pages, and one page that is no UTF-8."""
    parts = [[page(part, row) for row in range(40)] for part in range(3)]
    tables = [web.table([*part[:-1], b"\xff"] if not number else part, number) for number, part in enumerate(parts)]
    web.write(tmp_path / "fineweb", tables)
    return tmp_path


def work(root: Path, **changes: object) -> Work:
    settings = web.settings(**changes)
    return Work(fineweb.find(settings, root), settings, TOKENS, 8, root)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_units_hold_what_a_stream_would(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    """Same documents, same order, same ids as the way of the embedded corpus; nothing of the test side."""
    manifest = token_units.write(work(root), loaded, root / "tokens", 1)
    texts = [page(part, row) for part in range(3) for row in range(40)]
    pages = [Document(f"fineweb:<urn:uuid:{n // 40}-{n % 40}>", text) for n, text in enumerate(texts) if n != 39]
    tokens.write(pages, loaded, root / "streamed", TOKENS, 8)
    for split in KEPT:
        found, expected = (TokenStore.open(root / name, split) for name in ("tokens", "streamed"))
        assert [row.tolist() for row in found] == [row.tolist() for row in expected]
        assert found.lengths().tolist() == [len(row) for row in found]
        found.verify()
    assert len(manifest.shards["train"]) > 6
    assert manifest.rows == dict.fromkeys(fineweb.FATES, 0) | {"kept": 119, "broken_utf8": 1}
    assert manifest.counts["rows_broken_utf8"] == 1
    assert Manifest.read(root / "tokens") == manifest
    assert not (root / UNITS).exists()


def test_the_number_of_workers_changes_no_byte(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    token_units.write(work(root), loaded, root / "one", 1)
    token_units.write(work(root), loaded, root / "two", 2)
    assert content(root / "one") == content(root / "two")


def test_an_interrupted_run_is_taken_up(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    """A page of the last file is damaged; once it is whole again, only the units of that file are made."""
    token_units.write(work(root), loaded, root / "whole", 1)
    path = root / "fineweb/sample/10BT/002_00000.parquet"
    good, planned = path.read_bytes(), work(root)
    path.write_bytes(good[:4] + b"\x00" * 200 + good[204:])  # the footer is as before
    with pytest.raises(ValueError, match=r"002_00000\.parquet: not a readable parquet file"):
        token_units.write(planned, loaded, root / "tokens", 1)
    assert not (root / "tokens").exists()
    done = {path.name: path.stat().st_mtime_ns for path in (root / UNITS).glob("unit-*.json")}
    made = {path.name: path.stat().st_ino for path in (root / UNITS / "shards").glob("train-*.bin")}
    assert done

    path.write_bytes(good)
    damaged = root / UNITS / "shards" / "train-00000.bin"
    damaged.write_bytes(damaged.read_bytes()[:-2] + b"\x00\x00")
    times = {file.name: file.stat().st_mtime_ns for file in (root / UNITS / "shards").iterdir()}
    token_units.write(planned, loaded, root / "tokens", 1)
    assert content(root / "tokens") == content(root / "whole")
    kept = {name for name in made if (root / "tokens" / name).stat().st_mtime_ns == times[name]}
    assert kept == {name for name in made if int(name[6:11]) < len(done)} - {"train-00000.bin"}


def test_a_kill_once_the_shards_have_become_the_output_is_recovered_from(
    root: Path, loaded: PreTrainedTokenizerFast
) -> None:
    planned, state = work(root), loaded.backend_tokenizer.to_str()
    place = token_units._Place.beside(root / "tokens", planned.key(state), state)
    place.shards.rmdir()
    earlier = root / ".tokens.old"
    earlier.mkdir()
    (earlier / "train-00000.bin").touch()
    token_units.write(planned, loaded, root / "tokens", 1)
    assert not (root / UNITS).exists() and not earlier.exists()
    assert Manifest.read(root / "tokens").rows["kept"] == 119


def test_other_settings_take_nothing_up(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    token_units.write(work(root), loaded, root / "whole", 1)
    place = root / UNITS
    token_units._Place.beside(root / "tokens", work(root).key(loaded.backend_tokenizer.to_str()), "{}")
    (place / "shards" / "train-00077.bin").write_bytes(b"left behind")
    token_units.write(work(root, min_characters=2), loaded, root / "tokens", 1)
    assert content(root / "tokens") == content(root / "whole")


def test_what_no_unit_claims_is_removed(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    """A run that was interrupted and then asked for fewer rows has shards left over."""
    planned, state = work(root), loaded.backend_tokenizer.to_str()
    place = token_units._Place.beside(root / "tokens", planned.key(state), state)
    for unit in planned.units():
        token_units._make(planned, place, unit, "<u2")
    fewer = work(root, max_documents=60)
    manifest = token_units.write(fewer, loaded, root / "tokens", 1)
    assert manifest.rows["kept"] == 59
    names = {shard.name for split in KEPT for shard in manifest.shards[split]}
    assert {name.split(".")[0] for name in content(root / "tokens")} == {*names, "manifest"}
    shutil.rmtree(root / "tokens")
    token_units.write(fewer, loaded, root / "tokens", 1)
    assert TokenStore.open(root / "tokens", "train").manifest == manifest


def test_an_error_of_a_worker_reaches_the_user(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    path, planned = root / "fineweb/sample/10BT/001_00000.parquet", work(root)
    good = path.read_bytes()
    path.write_bytes(good[:4] + b"\x00" * 200 + good[204:])
    with pytest.raises(ValueError, match=r"001_00000\.parquet: not a readable parquet file"):
        token_units.write(planned, loaded, root / "tokens", 2)
    assert not (root / "tokens").exists()


def test_an_empty_split_is_an_error(root: Path, loaded: PreTrainedTokenizerFast) -> None:
    settings = web.settings(max_documents=2)
    few = Work(fineweb.find(settings, root), settings, Tokens(shard_tokens=9, validation=0.0001), 8, root)
    with pytest.raises(ValueError, match="no document falls to validation"):
        token_units.write(few, loaded, root / "tokens", 1)


def test_a_disk_that_is_too_small(root: Path, loaded: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adamem.data.hub.SPARE", 10**18)
    with pytest.raises(ValueError, match=r"GB are to be written and .* GB are free; .*max_documents"):
        token_units.write(work(root), loaded, root / "tokens", 1)


def test_the_stage_takes_the_way_that_the_corpus_asks_for(root: Path, llm_folder: Path) -> None:
    settings = web.settings()
    fineweb.find(settings, root).write(root / "corpus")
    whole = config.load(tiny.ROOT / "params.yaml").data.model_copy(update={"corpus": settings, "tokens": TOKENS})
    manifest = tokenizing.write(tokenizing.Inputs(root / "corpus", llm_folder, root), root / "tokens", whole, 8)
    assert manifest.rows["kept"] == 119
    assert json.loads((root / "tokens" / "manifest.json").read_text())["rows"]["broken_utf8"] == 1
