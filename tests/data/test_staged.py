"""An output is there whole, or what was there before still is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from adamem.data.staged import disk_errors, staged


def test_a_finished_output_replaces_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    for word in ("old", "new"):
        with staged(folder) as scratch:
            (scratch / word).write_text(word)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    folder = tmp_path / "out"
    with pytest.raises(interruption), staged(folder) as scratch:
        (scratch / "half").write_text("half")
        raise interruption
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_keeps_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(RuntimeError), staged(folder) as scratch:
        (scratch / "half").write_text("half")
        raise RuntimeError
    assert [path.name for path in folder.iterdir()] == ["old"]


def test_what_a_killed_process_left_is_not_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    stale = tmp_path / ".out.partial"
    stale.mkdir()
    (stale / "half").write_text("half")
    with staged(folder) as scratch:
        (scratch / "whole").write_text("whole")
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match=rf"{folder}: no space left .* free some"), staged(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_other_system_errors_pass_through() -> None:
    with pytest.raises(PermissionError), disk_errors(Path("out")):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
