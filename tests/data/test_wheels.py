"""Pinned wheels: only the pinned bytes count, and nothing half-downloaded stays."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem.config import Wheel
from adamem.data import wheels

MakeWheel = Callable[[str, str, Mapping[str, str | bytes]], Wheel]


def fake_pip(monkeypatch: pytest.MonkeyPatch, said: str, files: Mapping[str, bytes] | None = None) -> list[list[str]]:
    """Replace pip: it fails with `said`, or leaves `files`. Returns the commands it will have been called with."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        for name, content in (files or {}).items():
            (Path(command[command.index("--dest") + 1]) / name).write_bytes(content)
        return subprocess.CompletedProcess(command, 0 if files else 1, "", said)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_a_pinned_wheel_is_fetched_once(tmp_path: Path, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real pip, from a folder that serves as the index."""
    pin = make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha"})
    found = wheels.fetch_all([pin, pin], tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["tiny_facts-1.0-py3-none-any.whl"]
    assert wheels.read(found[0], "tiny/a.txt") == b"alpha"
    assert wheels.find(pin, tmp_path / "raw") == found[0]

    with pytest.raises(ValueError, match="has a wrong checksum"):
        wheels.find(pin.model_copy(update={"sha256": "0" * 64}), tmp_path / "raw")

    calls = fake_pip(monkeypatch, "not to be called")
    assert wheels.fetch(pin, tmp_path / "raw") == found[0] and not calls


def test_a_wheel_that_the_index_lacks(tmp_path: Path, index: Path) -> None:
    pin = Wheel(package="no-such-facts", version="9.9", sha256="0" * 64)
    with pytest.raises(ValueError, match=r"no-such-facts==9\.9: the package index has no such wheel; correct package"):
        wheels.fetch(pin, tmp_path / "raw")
    assert not list((tmp_path / "raw").iterdir())


def test_another_archive_than_the_pinned_one(
    tmp_path: Path, make_wheel: MakeWheel, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha"})
    path = next(index.glob("*.whl"))
    fake_pip(monkeypatch, "", {path.name: path.read_bytes()})
    pin = Wheel(package="tiny-facts", version="1.0", sha256="0" * 64)
    with pytest.raises(ValueError, match=rf"wrong checksum: expected sha256 {'0' * 64}, found \w+; it is a whole"):
        wheels.fetch(pin, tmp_path / "raw")
    assert not list((tmp_path / "raw").iterdir())


def test_a_truncated_download(
    tmp_path: Path, make_wheel: MakeWheel, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha"})
    path = next(index.glob("*.whl"))
    whole = path.read_bytes()
    fake_pip(monkeypatch, "", {path.name: whole[: len(whole) // 2]})
    with pytest.raises(ValueError, match=rf"\({len(whole) // 2:,} bytes\).* cut short or damaged: run the stage again"):
        wheels.fetch(pin, tmp_path / "raw")
    assert not list((tmp_path / "raw").iterdir())


def test_a_damaged_archive_on_disk_is_fetched_again(
    tmp_path: Path, make_wheel: MakeWheel, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha"})
    path = next(index.glob("*.whl"))
    fake_pip(monkeypatch, "", {path.name: path.read_bytes()})
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / path.name).write_bytes(path.read_bytes()[:100])
    assert wheels.fetch(pin, tmp_path / "raw").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"{sys.executable}: No module named pip", "run `python -m ensurepip`"),
        ("ERROR: [Errno 28] No space left on device", "free some, or point TMPDIR"),
        ("ERROR: Wheel 'x' located at x.whl is invalid.", "cut short or damaged; run the stage again"),
        (
            "WARNING: connection broken by NameResolutionError\nERROR: No matching distribution found for x",
            "the package index cannot be reached; connect, or .* PIP_FIND_LINKS",
        ),
        ("Segmentation fault", "pip could not download it"),
    ],
)
def test_each_failure_of_pip_names_its_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reason: str
) -> None:
    fake_pip(monkeypatch, said)
    with pytest.raises(ValueError, match=reason) as error:
        wheels.fetch(Wheel(package="x", version="1", sha256="0" * 64), tmp_path / "raw")
    assert said in str(error.value)
    assert not list((tmp_path / "raw").iterdir())


def test_of_two_wheels_of_a_version_the_pinned_one_is_found(
    tmp_path: Path, make_wheel: MakeWheel, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds for several systems; that which comes first by name is another."""
    pin = make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha"})
    path = next(index.glob("*.whl"))
    other = path.with_name("tiny_facts-1.0-cp3-none-any.whl")
    other.write_bytes(path.read_bytes()[:100])
    fake_pip(monkeypatch, "not to be called")
    assert wheels.find(pin, index) == wheels.fetch(pin, index) == path
    path.unlink()
    with pytest.raises(ValueError, match=r"cut short or damaged: remove .*cp3-none-any.whl and run stage `download`"):
        wheels.find(pin, index)


def test_finding_says_which_stage_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no wheel tiny_facts-1\.0-\*\.whl there; run stage `download` first"):
        wheels.find(Wheel(package="tiny-facts", version="1.0", sha256="0" * 64), tmp_path)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_a_member_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.whl"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("good.txt", "good")
        opened.writestr(name, "evil")
    for use in (
        lambda: wheels.members(archive),
        lambda: wheels.read(archive, name),
        lambda: list(wheels.texts(archive, "", ".txt")),
        lambda: wheels.extract(archive, name, tmp_path / "deep"),
        lambda: wheels.extract(archive, "good.txt", tmp_path),
    ):
        with pytest.raises(ValueError, match="leads out of the archive"):
            use()
    assert [path.name for path in tmp_path.iterdir()] == ["evil.whl"]


def test_members_are_read_in_place(tmp_path: Path, make_wheel: MakeWheel, index: Path) -> None:
    make_wheel("tiny-facts", "1.0", {"tiny/b.txt": "beta", "tiny/a.txt": "alpha", "other/c.txt": "c"})
    archive = next(index.glob("*.whl"))
    assert wheels.members(archive, "tiny/") == ["tiny/a.txt", "tiny/b.txt"]
    assert list(wheels.texts(archive, "tiny/", ".txt")) == [("tiny/a.txt", "alpha"), ("tiny/b.txt", "beta")]
    assert wheels.extract(archive, "tiny/b.txt", tmp_path).read_bytes() == b"beta"
    with pytest.raises(ValueError, match=r"no member 'tiny/z\.txt' in it"):
        wheels.read(archive, "tiny/z.txt")


def test_a_damaged_member_is_an_error_and_leaves_no_file(tmp_path: Path, make_wheel: MakeWheel, index: Path) -> None:
    make_wheel("tiny-facts", "1.0", {"tiny/a.txt": "alpha" * 100})
    archive = next(index.glob("*.whl"))
    archive.write_bytes(archive.read_bytes().replace(b"alphaalpha", b"alphaALPHA", 1))
    with pytest.raises(ValueError, match="damaged or cut short"):
        wheels.read(archive, "tiny/a.txt")
    with pytest.raises(ValueError, match="damaged or cut short"):
        list(wheels.texts(archive, "tiny/", ".txt"))
    with pytest.raises(ValueError, match="damaged or cut short"):
        wheels.extract(archive, "tiny/a.txt", tmp_path)
    assert not (tmp_path / "a.txt").exists()
    archive.write_bytes(b"no archive at all")
    with pytest.raises(ValueError, match="damaged or cut short"):
        wheels.members(archive)
