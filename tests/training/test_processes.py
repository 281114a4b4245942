"""Two real processes over gloo: they train as one does, resume what one has begun, and do not outlive each other."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from adamem.training.processes import Processes
from tests import tiny

PROFILES = tiny.ROOT / "profiles" / "accelerate"
ALONE = [sys.executable, "-m"]


def test_a_batch_is_shared_without_overlap() -> None:
    batch = list(range(12))
    for count in (1, 2, 3, 4, 6, 12):
        shares = [Processes(rank, count).share(batch) for rank in range(count)]
        assert [number for share in shares for number in share] == batch
        assert {len(share) for share in shares} == {12 // count}
    with pytest.raises(
        ValueError, match=r"batch_size 12 cannot be shared evenly by 5 processes: choose a multiple of 5"
    ):
        Processes(0, 5).share(batch)


def launcher(name: str, folder: Path) -> list[str]:
    """What `launcher` would be: a committed file, cut to two processes and the CPU, at a port that is free."""
    settings = YAML(typ="safe", pure=True).load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    settings |= {"num_processes": 2, "use_cpu": True}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings["main_process_port"] = free.getsockname()[1]
    file = folder / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(file), "-m"]


def start(command: list[str], folder: Path, *more: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    whole = [*command, "tests.training.together", str(folder), *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        whole, cwd=tiny.ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    """How it ended, what it complained of, and the steps that its main process made."""
    said, errors = process.communicate(timeout=250)
    return process.returncode, errors, said.splitlines()


def run(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def assert_alike(found: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    assert len(found) == len(expected) == 13
    for one, other in zip(found, expected, strict=True):
        keys = other.keys() - {"tokens_per_second"}
        assert one.keys() == other.keys()
        assert {key: one[key] for key in keys} == pytest.approx({key: other[key] for key in keys}, abs=1e-4)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The training in one process."""
    folder = tmp_path_factory.mktemp("alone")
    code, errors, steps = finish(start(ALONE, folder))
    assert code == 0, errors
    assert steps == [f"step {number}" for number in range(13)]
    return run(folder)


@pytest.mark.parametrize("name", ["ddp", "fsdp"])
def test_two_processes_train_as_one(tmp_path: Path, alone: dict[str, Any], name: str) -> None:
    """Every loss, the gradient norm and the validations, with an unfrozen layer of the LLM and two passes a step."""
    code, errors, steps = finish(start(launcher(name, tmp_path), tmp_path / name))
    assert code == 0, errors
    assert steps == [f"step {number}" for number in range(13)], "one process alone logs"
    assert (tmp_path / name / "saved").read_text(encoding="utf-8") == "by 0\n", "and saves"
    found = run(tmp_path / name)
    assert_alike(found["steps"], alone["steps"])
    assert found["sharded"] == ([True, True, False] if name == "fsdp" else [False] * 3), "trained layers stay whole"


def test_a_killed_worker_ends_the_run_and_another_number_resumes(tmp_path: Path, alone: dict[str, Any]) -> None:
    """Two processes, one of which is killed; then one, killed; then two to the end."""
    together = launcher("cpu", tmp_path)
    code, errors, _ = finish(start(together, tmp_path / "killed", "--die", "11"))
    assert code > 0
    assert "exitcode  : -9" in errors
    assert "(SIGKILL)" in errors
    assert not (tmp_path / "killed/run.json").exists()
    code, _, _ = finish(start(ALONE, tmp_path / "killed", "--die", "12"))
    assert code == -signal.SIGKILL
    code, errors, _ = finish(start(together, tmp_path / "killed"))
    assert code == 0, errors
    assert_alike(run(tmp_path / "killed")["steps"], alone["steps"])
    assert not (tmp_path / "killed/scratch").exists()


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    code, errors, steps = finish(start(launcher("cpu", tmp_path), tmp_path / "odd", "--batch", "3"))
    assert code > 0
    assert not steps
    assert "batch_size 3 cannot be shared evenly by 2 processes: choose a multiple of 2" in errors
