"""Where a training waits: another place for other settings, inputs or code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adamem.training import scratch
from adamem.training.scratch import Scratch, Snapshot
from tests import tiny


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "data" / "tasks").mkdir(parents=True)
    (tmp_path / "data" / "tasks" / "train.jsonl").write_text("{}\n", encoding="utf-8")
    return tmp_path / "data"


def test_the_same_training_finds_its_place_again(data: Path, tmp_path: Path) -> None:
    first, second = (Scratch.of("phase2", tiny.settings(), [data]) for _ in range(2))
    assert first == second
    assert first.folder.parent == tmp_path / ".scratch" / "phase2"


def test_a_training_in_another_type_of_the_llm_has_another_place(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` stands for another one on another machine, which may have the same folder."""
    places = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(scratch, "resolve_dtype", lambda _, dtype=dtype: dtype)
        places.append(Scratch.of("phase2", tiny.settings(), [data]))
    assert places[0] != places[1]


def test_large_weights_count_by_what_they_hold_and_large_shards_by_their_manifest(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LARGE", 4)
    places = []
    for name in ("weights.safetensors", "train-00000.bin", "train.jsonl"):
        for content in (b"one size", b"of eight"):
            (data / name).write_bytes(content)
            places.append(Scratch.of("phase2", tiny.settings(), [data / name]))
    assert places[0] != places[1]
    assert places[2] == places[3]
    assert places[4] != places[5], "only shards of tokens have a manifest"


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_half_a_snapshot_is_none_and_says_so(data: Path, keep: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A power cut must not stop every start from then on."""
    place = Scratch.of("phase2", tiny.settings(), [data])
    place.save(Snapshot({"weight": torch.ones(64)}, {"step": 3}))
    assert (found := place.load()) is not None and found.numbers == {"step": 3}
    path = place.folder / "snapshot.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert place.load() is None
    assert "cannot be read" in capsys.readouterr().out


def test_another_training_has_another_place(data: Path) -> None:
    places = [
        Scratch.of("phase2", tiny.settings(), [data]),
        Scratch.of("phase3", tiny.settings(), [data]),
        Scratch.of("phase2", tiny.settings({"seed": 1}), [data]),
        Scratch.of("phase2", tiny.settings({"phase2": {"optimiser": {"learning_rate": 7e-3}}}), [data]),
        Scratch.of("phase2", tiny.settings(), [data / "tasks" / "none"]),
    ]
    (data / "tasks" / "train.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    places.append(Scratch.of("phase2", tiny.settings(), [data]))
    (data / "tasks" / "train.jsonl").write_text("{}\n[]\n", encoding="utf-8")  # of the same size
    places.append(Scratch.of("phase2", tiny.settings(), [data]))
    assert len({place.folder for place in places}) == len(places)
