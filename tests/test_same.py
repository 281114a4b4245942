"""What `make same` compares: every file of every output, down to the byte, but not how long it took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests import same
from tests.cloned import ROOT

LOCK = """
schema: '2.0'
stages:
  phase2:
    cmd: train
    outs:
    - {path: models/phase2}
    - {path: reports/phase2.json}
  efficiency:
    cmd: measure
    outs:
    - {path: reports/efficiency.json}
"""
TRAINING = '{"seconds": 16.7, "steps": [{"loss": 0.5, "tokens_per_second": 812.5}]}'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What two stages have made, one of which measures durations."""
    files = {
        "dvc.lock": LOCK,
        "stages/evidence/dvc.lock": "schema: '2.0'\nstages: {}\n",
        "dvc.yaml": (ROOT / "dvc.yaml").read_text(encoding="utf-8"),
        "models/phase2/weights.safetensors": "weights",
        "reports/phase2.json": TRAINING,
        "reports/efficiency.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "differ"),
    [
        ("models/phase2/weights.safetensors", "weightz", True),
        ("models/phase2/more.txt", "more", True),
        ("reports/phase2.json", TRAINING.replace("0.5,", "0.25,"), True),
        ("reports/phase2.json", TRAINING.replace("812.5", "9e2").replace("16.7", "24"), False),
        ("reports/efficiency.json", '{"seconds": 3}', False),
    ],
)
def test_a_changed_byte_is_found_and_another_duration_is_none(place: Path, name: str, text: str, differ: bool) -> None:
    before = same.Made.by(place)
    assert (before.outputs, sorted(before.files)) == (2, ["models/phase2/weights.safetensors", "reports/phase2.json"])
    (place / name).write_text(text, encoding="utf-8")
    assert same.differing(before, same.Made.by(place)) == [name] * differ


def test_a_stage_that_the_commit_does_not_have_is_not_compared(place: Path) -> None:
    everything, less = same.Made.by(place), same.Made.by(place, without={"phase2"})
    assert (everything.outputs, less.outputs, less.files) == (2, 0, {})


def test_what_an_experiment_asks_cannot_be_left_out() -> None:
    same.refuse_asked(["benchmark@adamem_wrong_memory", "phase3"])
    with pytest.raises(ValueError, match=r"--but benchmark@icae: \w+ of experiments.yaml asks it, too"):
        same.refuse_asked(["benchmark@icae"])


def test_nothing_to_compare_is_no_sameness(place: Path) -> None:
    (place / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="nothing was compared"):
        same.differing(same.Made.by(place), same.Made.by(place))


def test_code_that_was_changed_meanwhile_is_not_taken_over(place: Path) -> None:
    made = same.Made.by(place)
    with pytest.raises(ValueError, match="code was changed while the graphs ran"):
        same.take_over("c" * 40, made, ("old", "new"))


def test_a_file_that_is_gone_is_found(place: Path) -> None:
    before = same.Made.by(place)
    (place / "models/phase2/weights.safetensors").unlink()
    assert same.differing(before, same.Made.by(place)) == ["models/phase2/weights.safetensors"]


@pytest.mark.parametrize(
    ("locked", "named_anew"),
    [({"k": 1}, True), ({"k": 2}, False), ({"k": 1, "added": 5}, False), ({"k": 2, "added": 4}, False)],
)
def test_a_setting_that_a_stage_did_not_name_is_taken_over_and_none_that_changed(
    tmp_path: Path, locked: dict[str, int], named_anew: bool
) -> None:
    (tmp_path / "params.yaml").write_text("k: 1\nadded: 5\n", encoding="utf-8")
    graph = {"cmd": "true", "params": ["k", "added"]}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"score": graph}}), encoding="utf-8")
    lock = {"schema": "2.0", "stages": {"score": {"cmd": "true", "params": {"params.yaml": locked}}}}
    (tmp_path / "dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    Repo.init(str(tmp_path), no_scm=True).close()
    with Repo(str(tmp_path)) as repo:
        (stage,) = repo.index.stages
        (dep,) = stage.deps
        assert same.is_named_anew(dep) == named_anew
