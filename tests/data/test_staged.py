"""An output is there whole, or what was there before still is."""

from __future__ import annotations

import errno
import itertools
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


@pytest.mark.parametrize("moved", [1, 2])
def test_a_kill_within_the_swap_loses_neither_the_old_nor_the_new(
    tmp_path: Path, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed once a move has been made, out of the two: the next start finds the last whole folder in its place."""
    folder, moves = tmp_path / "out", itertools.count(1)
    folder.mkdir()
    (folder / "old").write_text("old")
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        found = replace(path, target)
        if next(moves) == moved:
            raise SystemExit
        return found

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(SystemExit), staged(folder) as scratch:
        (scratch / "new").write_text("new")
    monkeypatch.undo()
    with pytest.raises(KeyboardInterrupt), staged(folder):
        raise KeyboardInterrupt
    assert [path.name for path in folder.iterdir()] == [["old", "new"][moved - 1]]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_is_replaced_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "out"
    kept.mkdir()
    (kept / "old").write_text("old")
    folder.symlink_to(kept)
    with staged(folder) as scratch:
        (scratch / "new").write_text("new")
    assert not folder.is_symlink()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in kept.iterdir()] == ["old"]


def test_a_file_in_the_place_of_the_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match=r"out: is a file, .*choose another place"), staged(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match=rf"{folder}: no space left .* free some"), staged(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_other_system_errors_pass_through() -> None:
    with pytest.raises(PermissionError), disk_errors(Path("out")):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
