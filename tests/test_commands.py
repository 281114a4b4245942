"""Places are refused before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from adamem import commands


def test_a_folder_that_is_there_or_can_be_made_is_given_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert commands.writable(Path("new/deep")) == tmp_path / "new/deep"
    assert commands.writable(Path()) == tmp_path
    assert not any(tmp_path.iterdir()), "nothing is made yet"


@pytest.mark.parametrize("chosen", ["notes.txt", "notes.txt/deep/er"])
def test_a_file_in_the_way_is_named(tmp_path: Path, chosen: str) -> None:
    (tmp_path / "notes.txt").write_text("dear to me", encoding="utf-8")
    with pytest.raises(ValueError, match=r"notes.txt is a file; choose another folder"):
        commands.writable(tmp_path / chosen)


@pytest.mark.parametrize("error", [ValueError("no such key"), OSError(28, "No space left"), FloatingPointError("NaN")])
def test_a_mistake_ends_in_its_message(error: Exception) -> None:
    with pytest.raises(SystemExit, match="error: ") as end, commands.plain_errors():
        raise error
    assert str(error) in str(end.value)


def test_a_fault_of_ours_keeps_its_stack() -> None:
    with pytest.raises(TypeError), commands.plain_errors():
        raise TypeError
