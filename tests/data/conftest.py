"""Tiny wheels, pins and settings that the tests of the data stages share."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adamem.config import Wheel

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
    folder = tmp_path / "fineweb"
    for part in range(2):
        path = folder / "sample" / "10BT" / f"{part:03d}_00000.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        texts: list[str | None] = [f"Page {part}.{row}" for row in range(20)]
        texts[3] = (None, " ")[part]
        pq.write_table(fineweb_table(texts, part), path, row_group_size=5)
    return folder


def fineweb_table(texts: list[str | None], part: int) -> pa.Table:
    """Rows in the schema of FineWeb."""
    count = len(texts)
    return pa.table(
        {
            "text": pa.array(texts, pa.string()),
            "id": pa.array([f"<urn:uuid:{part}-{row}>" for row in range(count)], pa.string()),
            "dump": pa.array(["CC-MAIN-2024-10"] * count, pa.string()),
            "url": pa.array(["https://example.org"] * count, pa.string()),
            "date": pa.array(["2024-02-20T00:00:00Z"] * count, pa.string()),
            "file_path": pa.array(["s3://x"] * count, pa.string()),
            "language": pa.array(["en"] * count, pa.string()),
            "language_score": pa.array([0.9] * count, pa.float64()),
            "token_count": pa.array([3] * count, pa.int64()),
        }
    )
