"""Rows of one split of a set: from local files (jsonl, json, parquet, text), or streamed from the hub.

Every row carries its place (file and line, or repository and row) for the parsers' errors. Except for `.json`, which
is one value, nothing is held but the row at hand.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from adamem.benchmarks.public.registry import SETS, PublicSet
from adamem.benchmarks.public.rows import Row
from adamem.config import PublicOrigin

_OTHER_NAMES = {"validation": ("validation", "dev", "val", "valid")}
_PARQUET_ROWS = 64


def rows(public: PublicSet, origin: PublicOrigin, split: str) -> Iterator[Row]:
    """All rows of a split, in order.

    Raises:
        ValueError: no file of the split is there, one is damaged, or the hub cannot give it.
    """
    if origin.path is None:
        return _from_archive(public, origin) if public.archive else _from_hub(public, origin, split)
    return chain.from_iterable(map(_from_file, _files(public, Path(origin.path), split)))


def _files(public: PublicSet, path: Path, split: str) -> list[Path]:
    """The file itself, or what fits the set's first pattern that fits anything."""
    if path.is_file():
        return [path]
    folder = _folder(public, path)
    names = _OTHER_NAMES.get(split, (split,))
    patterns = [pattern.replace("{split}", name) for pattern in public.files for name in names]
    for pattern in patterns:
        if found := sorted(folder.rglob(pattern)):
            return _of_one(public, found)
    raise ValueError(
        f"{folder}: no file of split '{split}' of {public.name} there (looked for {', '.join(patterns)}); "
        "put it there, or give another path"
    )


def _of_one(public: PublicSet, files: list[Path]) -> list[Path]:
    """Refuse several copies of one task: bAbI's release has every task in several languages and sizes."""
    folders = sorted({str(file.parent) for file in files})
    if public.format == "babi" and len(folders) > 1:
        raise ValueError(f"{public.name}: lies in {' and in '.join(folders)}; give the path of one of them")
    return files


def _folder(public: PublicSet, path: Path) -> Path:
    """The folder named as the set or its family, in a folder of many sets; else the folder itself."""
    named = [path / public.name, path / public.name.split("_")[0]]
    folder = next((one for one in named if one.is_dir()), path)
    if folder == path and any((path / other).is_dir() for other in SETS):
        return path / public.name
    return folder


def _from_file(path: Path) -> Iterator[Row]:
    readers = {".jsonl": _json_lines, ".json": _json, ".parquet": _parquet, ".txt": _lines}
    if path.suffix not in readers:
        raise ValueError(f"{path}: cannot read '{path.suffix}' files; there are {', '.join(readers)}")
    try:
        yield from readers[path.suffix](path)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from error


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield Row(f"{path}, line {number}", {"line": line})


def _json_lines(path: Path) -> Iterator[Row]:
    return (_row(row.place, _parsed(row.place, row.value["line"])) for row in _lines(path))


def _json(path: Path) -> Iterator[Row]:
    """A list of objects, or an object of objects by id (Qasper's release)."""
    tree = _parsed(str(path), path.read_text(encoding="utf-8"))
    if isinstance(tree, dict) and isinstance(tree.get("data"), list):
        raise ValueError(f"{path}: the nested release of SQuAD is not read: give the hub's rows (rajpurkar/squad)")
    if isinstance(tree, dict):
        tree = [{"id": key, **value} if isinstance(value, dict) else value for key, value in tree.items()]
    if not isinstance(tree, list):
        raise ValueError(f"{path}: expected a list of rows, got {type(tree).__name__}")
    for number, value in enumerate(tree, 1):
        yield _row(f"{path}, row {number}", value)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, use_threads=False):
                for value in batch.to_pylist():
                    number += 1
                    yield Row(f"{path}, row {number}", value)
    except pa.ArrowException as error:
        raise ValueError(f"{path}: not a readable parquet file ({error}); download it again") from error


def _from_archive(public: PublicSet, origin: PublicOrigin) -> Iterator[Row]:
    """Rows of one file in a zip archive, which the hub's client keeps."""
    import huggingface_hub

    repo, revision = origin.repo or public.repo or "", origin.revision or public.revision
    name, member = f"{repo} ({public.archive}, revision {revision})", f"{public.subset}.jsonl"
    with _hub_errors(name):
        path = huggingface_hub.hf_hub_download(repo, public.archive or "", repo_type="dataset", revision=revision)
    with _opened(path) as archive:
        found = next((one for one in archive.namelist() if PurePosixPath(one).name == member), None)
        if found is None:
            raise ValueError(f"{name}: no {member} in it; correct repo and revision")
        with archive.open(found) as file:
            for number, line in enumerate(file, 1):
                place = f"{name}, {member}, line {number}"
                yield _row(place, _parsed(place, line.decode("utf-8")))


def _opened(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: damaged or cut short ({error}); delete it, to have it downloaded again") from error


def _from_hub(public: PublicSet, origin: PublicOrigin, split: str) -> Iterator[Row]:
    repo, revision = origin.repo or public.repo, origin.revision or public.revision
    if repo is None:
        raise ValueError(f"{public.name}: the hub has no copy in the set's own format; download it and give its path")
    import datasets

    name = f"{repo} ({public.subset or 'default'}, split {split}, revision {revision})"
    with _hub_errors(name):
        found = datasets.load_dataset(repo, public.subset, split=split, streaming=True, revision=revision)
        for number, value in enumerate(found, 1):
            yield Row(f"{name}, row {number}", value)


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (OSError, RuntimeError, ValueError, HfHubHTTPError, DatasetNotFoundError) as error:
        raise ValueError(
            f"{name}: cannot be read from the hub ({error}); connect, correct the revision, or download its files and "
            "give their path"
        ) from error


def _parsed(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        raise ValueError(f"{place}: not valid JSON ({error.msg} at {where})") from error


def _row(place: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: expected a JSON object, got {type(value).__name__}")
    return Row(place, value)
