"""FineWeb in its own schema, from a folder: which files and rows are read, and what becomes of bad ones."""

from __future__ import annotations

import itertools
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from adamem.config import CorpusFineWeb
from adamem.data import fineweb
from adamem.data.corpus_files import Source
from adamem.data.documents import Document
from tests.data import web


def read(root: Path, settings: CorpusFineWeb, characters: int = 10**9) -> tuple[list[Document], Counter[str]]:
    source, rows = fineweb.find(settings, root), Counter[str]()
    units = source.units(characters, root)
    return [found for unit in units for found in fineweb.documents(source, unit, settings, root, rows)], rows


def test_a_folder_of_parquet_files(fineweb_folder: Path) -> None:
    found, rows = read(fineweb_folder.parent, web.settings())
    assert rows == {"kept": 38, "no_text": 2}
    assert found[0] == ("fineweb:<urn:uuid:0-0>", "Page 0.0")
    assert found[-1] == ("fineweb:<urn:uuid:1-19>", "Page 1.19")


def test_an_absolute_path_and_a_limit(fineweb_folder: Path) -> None:
    """The limit counts rows, so that it is known beforehand which files are needed."""
    found, rows = read(Path("elsewhere"), web.settings(path=str(fineweb_folder), max_documents=7))
    assert (len(found), rows.total()) == (6, 7)
    source = fineweb.find(web.settings(path=str(fineweb_folder), max_documents=20), Path("elsewhere"))
    assert [file.name for file in source.files] == ["sample/10BT/000_00000.parquet"]


@budget(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 200), st.integers(1, 45))
def test_units_cover_every_row_once(fineweb_folder: Path, characters: int, limit: int) -> None:
    """Whatever their size; only the last of a file is smaller than asked for."""
    root, settings = fineweb_folder.parent, web.settings(max_documents=limit)
    whole, one = read(root, settings), read(root, settings, characters)
    assert one == whole and one[1].total() == min(limit, 40)
    units = fineweb.find(settings, root).units(characters, root)
    assert [unit.number for unit in units] == list(range(len(units)))
    followed = [unit for unit, after in itertools.pairwise(units) if after.file == unit.file]
    assert all(unit.characters >= characters for unit in followed)


def test_bad_rows_are_counted_by_their_reason(tmp_path: Path) -> None:
    texts = [
        "Good.",
        None,
        "",
        " \n",
        b"\xff\xfe broken",
        b"cut \xe2\x82",
        "x" * 100_001,
        "no",
        "Grüße 東京 🙂",
        "low",
        "?",
    ]
    scores = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.7, 0.6, None]
    table = web.table(texts, 0, scores)
    web.write(tmp_path / "fineweb", [table])
    found, rows = read(tmp_path, web.settings())
    assert rows == {"kept": 5, "no_text": 3, "broken_utf8": 2, "too_long": 1}
    assert [document.text for document in found] == ["Good.", "no", "Grüße 東京 🙂", "low", "?"]

    found, rows = read(tmp_path, web.settings(min_language_score=0.65, min_characters=3))
    assert rows == {
        "kept": 2, "no_text": 3, "broken_utf8": 2, "too_long": 1, "too_short": 2, "low_language_score": 1,
    }  # fmt: skip
    assert [document.text for document in found] == ["Good.", "Grüße 東京 🙂"]
    assert set(rows) <= set(fineweb.FATES)


def test_a_row_without_an_id_has_no_side(tmp_path: Path) -> None:
    ids = pa.array([None, "", "a"], pa.string())
    web.write(tmp_path / "fineweb", [web.table(["x", "y", "z"], 0).set_column(1, "id", ids)])
    found, rows = read(tmp_path, web.settings())
    assert found == [("fineweb:a", "z")] and rows["no_id"] == 2


def test_only_what_is_read_is_in_memory(tmp_path: Path) -> None:
    """40 MB of text in one row group, of which pages and the batch at hand are held."""
    rng = np.random.default_rng(0)
    texts = [rng.integers(97, 123, 10_000, np.uint8).tobytes().decode() for _ in range(4000)]
    path = tmp_path / "fineweb" / "big.parquet"
    path.parent.mkdir()
    pq.write_table(web.table(texts, 0), path, compression="none", use_dictionary=False)
    del texts
    assert path.stat().st_size > 39e6
    source, before, peak = fineweb.find(web.settings(), tmp_path), pa.total_allocated_bytes(), 0
    (unit,) = source.units(10**9, tmp_path)
    for _ in islice(fineweb.documents(source, unit, web.settings(), tmp_path, Counter()), 3900):
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert peak < 18e6


def test_a_truncated_file_is_named(fineweb_folder: Path) -> None:
    path = fineweb_folder / "sample" / "10BT" / "001_00000.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"001_00000\.parquet: not a readable parquet file .*download it again"):
        fineweb.find(web.settings(), fineweb_folder.parent)


def test_a_file_that_changes_later_is_named(fineweb_folder: Path) -> None:
    source = fineweb.find(web.settings(), fineweb_folder.parent)
    web.write(fineweb_folder, [web.table(["other"] * 20, 0)])
    with pytest.raises(ValueError, match=r"000_00000\.parquet: changed since it was found; run stage `download` again"):
        source.units(100, fineweb_folder.parent)


def test_a_file_of_another_schema_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "fineweb"
    folder.mkdir()
    pq.write_table(pa.table({"content": ["x"], "id": ["1"], "language_score": [0.1]}), folder / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: no column text; .* here are content, id"):
        fineweb.find(web.settings(), tmp_path)
    pq.write_table(pa.table({"text": ["x"], "id": [1], "language_score": [0.1]}), folder / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: id must be text, and is int64"):
        fineweb.find(web.settings(), tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.corpus\.path: no \*\.parquet below"):
        fineweb.find(web.settings(), tmp_path)


def test_the_list_of_files_is_read_back(fineweb_folder: Path, tmp_path: Path) -> None:
    source = fineweb.find(web.settings(), fineweb_folder.parent)
    source.write(tmp_path / "corpus")
    assert Source.read(tmp_path / "corpus") == source
    with pytest.raises(ValueError, match="run stage `download` first"):
        Source.read(tmp_path)
    (tmp_path / "corpus" / "source.json").write_text('{"kind": "folder", "files": [{"name": 1}]}')
    with pytest.raises(ValueError, match="not a list of files"):
        Source.read(tmp_path / "corpus")
