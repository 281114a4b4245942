"""Tiny wheels, pins and settings that the tests of the data stages share."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem.config import Wheel
from tests.data import web

MakeWheel = Callable[[str, str, Mapping[str, str | bytes]], Wheel]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the whole package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def make_wheel(index: Path) -> MakeWheel:
    """Put a wheel with the given members on the index and return its pin."""

    def make(package: str, version: str, members: Mapping[str, str | bytes]) -> Wheel:
        stem = f"{package.replace('-', '_')}-{version}"
        info = {
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{stem}.dist-info/RECORD": "",
        }
        path = index / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**members, **info}.items():
                archive.writestr(name, content)
        return Wheel(package=package, version=version, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    return make


@pytest.fixture
def fineweb_folder(tmp_path: Path) -> Path:
    """Two files in FineWeb's schema, 20 rows each, every file with one row without text."""
    texts: list[list[str | None]] = [[f"Page {part}.{row}" for row in range(20)] for part in range(2)]
    texts[0][3], texts[1][3] = None, " "
    return web.write(tmp_path / "fineweb", [web.table(rows, part) for part, rows in enumerate(texts)])
