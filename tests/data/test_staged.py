"""An output is there whole, or what was there before still is."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from pathlib import Path

import pytest

from adamem.data.staged import disk_errors, staged, whole, write_json


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


def fill(folder: Path, word: str) -> None:
    folder.mkdir()
    (folder / word).write_text(word)


@pytest.mark.parametrize("moved", [1, 2])
def test_a_kill_within_the_swap_loses_neither_the_old_nor_the_new(tmp_path: Path, moved: int) -> None:
    """Killed once a move has been made, out of the two: the next start finds the last whole folder in its place."""
    folder = tmp_path / "out"
    fill(tmp_path / ".out.old", "old")
    fill(tmp_path / ".out.partial" if moved == 1 else folder, "new")
    with pytest.raises(KeyboardInterrupt), staged(folder):
        raise KeyboardInterrupt
    assert [path.name for path in folder.iterdir()] == [["old", "new"][moved - 1]]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("move", [1, 2])
def test_a_move_that_fails_is_undone_at_once(
    tmp_path: Path, move: int, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, moves = tmp_path / "out", itertools.count(1)
    fill(folder, "old")
    replace = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if next(moves) == move:
            raise error
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(error), staged(folder) as scratch:
        (scratch / "new").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_cannot_be_removed_is_named_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "out", "new")
    fill(tmp_path / ".out.old", "old")
    monkeypatch.setattr(shutil, "rmtree", lambda path, ignore_errors: None)
    with pytest.raises(ValueError, match=r"\.out\.old: is left .* remove it by hand"), staged(tmp_path / "out"):
        pytest.fail("begun")


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


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_file_leaves_the_old_one(tmp_path: Path, interruption: type[BaseException]) -> None:
    path = tmp_path / "deep" / "out.json"
    write_json(path, {"a": 1})
    with pytest.raises(interruption), whole(path) as half:
        half.write_text("half")
        raise interruption
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [path.name for path in path.parent.iterdir()] == ["out.json"]


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match=rf"{folder}: no space left .* free some"), staged(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_other_system_errors_pass_through() -> None:
    with pytest.raises(PermissionError), disk_errors(Path("out")):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
