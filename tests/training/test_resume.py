"""Killed with SIGKILL and started again, a training ends with the weights of one that was left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import tiny

NEVER = 0


def start(folder: Path, rate: float, last: int) -> subprocess.Popen[str]:
    """A training in a process of its own that kills itself at a step."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.training.killable", str(folder), str(rate), str(last)]
    return subprocess.Popen(command, cwd=tiny.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes: Iterable[subprocess.Popen[str]], ends: int) -> list[list[int]]:
    """The steps that each made, once all have ended as expected."""
    made = []
    for process in processes:
        said, errors = process.communicate(timeout=500)
        assert process.returncode == ends, errors[-3000:]
        made.append([int(line.removeprefix("step ")) for line in said.splitlines() if line.startswith("step ")])
    return made


def weights(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.mark.timeout(1000)
def test_a_killed_training_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    alone, first = start(whole, 1e-2, NEVER), start(killed, 1e-2, last=13)
    assert finish([first], -signal.SIGKILL) == [list(range(1, 14))]
    assert len(list(killed.glob(".scratch/phase2/*/snapshot.safetensors"))) == 1
    second, other = start(killed, 1e-2, last=25), start(killed, 2e-2, NEVER)
    assert finish([alone], 0) == [list(range(1, 37))]
    assert finish([second], -signal.SIGKILL) == [list(range(11, 26))]
    assert finish([other], 0) == [list(range(1, 37))], "changed settings begin anew"
    changed = weights(killed)
    assert finish([start(killed, 1e-2, NEVER)], 0) == [list(range(21, 37))]
    assert weights(killed) == weights(whole)
    assert changed != weights(whole)
    assert not list(killed.glob(".scratch/phase2/*/snapshot.safetensors"))
