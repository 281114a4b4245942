"""FineWeb, in its own schema: from a folder, and through the hub's streaming reader without a network."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adamem.config import CorpusFineWeb
from adamem.data import fineweb


def settings(**changes: object) -> CorpusFineWeb:
    base = {"kind": "fineweb", "path": None, "repo": "-", "revision": "main", "subset": "s", "max_documents": 100}
    return CorpusFineWeb.model_validate(base | changes)


def test_a_folder_of_parquet_files(fineweb_folder: Path) -> None:
    rows = fineweb.Rows()
    found = list(fineweb.stream(settings(path="fineweb"), fineweb_folder.parent, rows))
    assert (len(found), rows.good, rows.bad) == (38, 38, 2)
    assert found[0] == ("fineweb:<urn:uuid:0-0>", "Page 0.0")
    assert found[-1] == ("fineweb:<urn:uuid:1-19>", "Page 1.19")


def test_an_absolute_path_and_a_limit(fineweb_folder: Path) -> None:
    found = fineweb.stream(settings(path=str(fineweb_folder), max_documents=7), Path("elsewhere"), fineweb.Rows())
    assert len(list(found)) == 7


def test_the_hub_reader(fineweb_folder: Path) -> None:
    """`datasets` streams a local folder with a card as it streams the hub."""
    card = "---\nconfigs:\n- config_name: sample-10BT\n  data_files:\n  - split: train\n    path: sample/10BT/*\n---\n"
    (fineweb_folder / "README.md").write_text(card)
    rows = fineweb.Rows()
    source = settings(repo=str(fineweb_folder), subset="sample-10BT", max_documents=25)
    found = list(fineweb.stream(source, Path(), rows))
    assert [document.text for document in found[:4]] == ["Page 0.0", "Page 0.1", "Page 0.2", "Page 0.4"]
    assert (len(found), rows.bad) == (25, 2)

    with pytest.raises(ValueError, match=r"data\.corpus: .* \(other, revision main\) cannot be read from the hub"):
        list(fineweb.stream(settings(repo=str(fineweb_folder), subset="other"), Path(), rows))


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach 'HuggingFaceFW/fineweb' on the Hub")

    monkeypatch.setattr("datasets.load_dataset", unreachable)
    with pytest.raises(ValueError, match=r"cannot be read from the hub .*connect, correct .* set data\.corpus\.path"):
        list(fineweb.stream(settings(repo="HuggingFaceFW/fineweb"), Path(), fineweb.Rows()))


def test_only_what_is_read_is_in_memory(tmp_path: Path) -> None:
    """16 MB of text in 16 row groups: after the first document far less than that is held."""
    rng = np.random.default_rng(0)
    path = tmp_path / "big.parquet"
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema, compression="none") as writer:
        for group in range(16):
            texts = [rng.integers(97, 123, 10_000, np.uint8).tobytes().decode() for _ in range(100)]
            ids = [f"{group}-{row}" for row in range(100)]
            writer.write_table(pa.table({"id": ids, "text": texts}, schema))
    assert path.stat().st_size > 15e6
    before = pa.total_allocated_bytes()
    stream = fineweb.from_folder(tmp_path)
    peak = 0
    for _ in islice(stream, 1500):
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert peak < 6e6


def test_a_truncated_file_is_named(fineweb_folder: Path) -> None:
    path = fineweb_folder / "sample" / "10BT" / "001_00000.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"001_00000\.parquet: not a readable parquet file .*download it again"):
        list(fineweb.from_folder(fineweb_folder))


def test_a_file_of_another_schema_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"content": ["x"], "id": ["1"]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: no column text; .* here are content, id"):
        list(fineweb.from_folder(tmp_path))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.corpus\.path: no \*\.parquet below"):
        list(fineweb.from_folder(tmp_path))
