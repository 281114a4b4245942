"""What is recorded of a pipeline: its key, and its minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ledger

LOCK = """\
schema: '2.0'
stages:
  phase2:
    cmd: python stages/phase2.py
    deps: [{path: models/phase1, hash: md5, md5: aaaa.dir}]
    outs: [{path: models/phase2, hash: md5, md5: bbbb.dir}, {path: reports/training/phase2.json, hash: md5, md5: cccc}]
  analyze:
    cmd: python stages/analyze.py
    outs: [{path: reports/metrics.json, hash: md5, md5: dddd}, {path: reports/tables, hash: md5, md5: abcd.dir}]
"""
RECORD = "  record: {cmd: x, outs: [{path: reports/timings.json, hash: md5, md5: eeee}]}\n"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "dvc.lock"
    path.write_text(LOCK, encoding="utf-8")
    return path


def test_the_key_follows_outputs_and_settings_and_nothing_else(lock: Path, params: config.AdaMemConfig) -> None:
    key = ledger.key(ledger.read(lock), params)
    assert key == ledger.key(ledger.read(lock), params)
    assert key != ledger.key(ledger.read(lock), params.model_copy(update={"seed": 1}))
    lock.write_text(LOCK + RECORD, encoding="utf-8")  # the recorder's own outputs
    assert key == ledger.key(ledger.read(lock), params)
    for beside in ("cccc", "abcd"):  # a curve, which holds durations; tables, which name the commit
        lock.write_text(LOCK.replace(beside, "ffff"), encoding="utf-8")
        assert key == ledger.key(ledger.read(lock), params)
    for result in ("bbbb", "dddd"):
        lock.write_text(LOCK.replace(result, "ffff"), encoding="utf-8")
        assert key != ledger.key(ledger.read(lock), params)


def test_outputs_are_known_by_path(lock: Path) -> None:
    found = ledger.read(lock)
    assert found.stages == ("phase2", "analyze")
    assert found.outputs["models/phase2"] == "bbbb.dir"


def test_a_missing_lock_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run `dvc repro`"):
        ledger.read(tmp_path / "dvc.lock")


def _note(folder: Path, found: ledger.Lock, last: dict[str, float]) -> None:
    ledger.write_minutes(folder, ledger.seconds(folder, found, last))


def test_minutes_keep_what_is_known_and_change_only_when_a_stage_ran(lock: Path, tmp_path: Path) -> None:
    found = ledger.read(lock)
    _note(tmp_path, found, {"phase2": 120.0, "gone": 5.0})
    first = (tmp_path / "minutes.md").read_bytes()
    assert json.loads((tmp_path / "timings.json").read_text(encoding="utf-8")) == {"phase2": 120.0}
    assert b"| `phase2` | 2.0 |" in first and b"gone" not in first

    _note(tmp_path, found, {})  # a fresh clone: nothing ran here
    assert (tmp_path / "minutes.md").read_bytes() == first

    _note(tmp_path, found, {"analyze": 30.0, "record": 9.0})
    text = (tmp_path / "minutes.md").read_text(encoding="utf-8")
    assert "| `analyze` | 0.5 |" in text and "| **sum** | **2.5** |" in text and "record`" not in text.split("---")[1]
