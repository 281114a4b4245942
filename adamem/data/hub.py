"""Parquet files of a data set on the Hugging Face hub: found, read where they lie, or copied.

Everything is read at one commit. Copies go to the cache of `huggingface_hub` (`HF_HOME`): within a run its client
takes up a broken connection at the byte where it stopped, and a run that is started again fetches only the files
that were not finished.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, cast

AT_ONCE = 8  # files copied at the same time
SPARE = 2**30  # bytes that a copy leaves free


@dataclass(frozen=True)
class Repository:
    """A data set at one commit."""

    repo: str
    commit: str

    @classmethod
    def pinned(cls, repo: str, revision: str) -> Repository:
        """The data set at a commit; the name of a branch or tag is looked up once.

        Raises:
            ValueError: the hub cannot be reached, or has no such data set or revision.
        """
        if re.fullmatch("[0-9a-f]{40}", revision):
            return cls(repo, revision)
        from huggingface_hub import HfApi

        with errors(f"{repo}, revision {revision}"):
            return cls(repo, str(HfApi().dataset_info(repo, revision=revision, expand=["sha"]).sha))

    def parquet(self, subset: str) -> list[str]:
        """Names of the parquet files of a subset, in their order, as the data set's card defines it.

        Raises:
            ValueError: the card defines no such subset, or no parquet file belongs to it.
        """
        from huggingface_hub import HfApi, hf_hub_download
        from huggingface_hub.hf_api import RepoFile
        from huggingface_hub.repocard import metadata_load

        with errors(str(self)):
            card = hf_hub_download(self.repo, "README.md", repo_type="dataset", revision=self.commit)
            found = {}
            for pattern in _patterns(metadata_load(Path(card)) or {}, subset, str(self)):
                fixed = "/".join(takewhile(lambda part: "*" not in part, pattern.split("/")[:-1]))
                tree = HfApi().list_repo_tree(
                    self.repo, fixed or None, recursive=True, revision=self.commit, repo_type="dataset"
                )
                files = (entry.path for entry in tree if isinstance(entry, RepoFile))
                found |= {path: None for path in files if fnmatch(path, pattern) and path.endswith(".parquet")}
        if not found:
            raise ValueError(f"data.corpus.subset: {self} has no parquet file in {subset}; name another subset")
        return sorted(found)

    def open(self, name: str) -> BinaryIO:
        """A file read where it lies: every read is one request, and nothing is kept."""
        from huggingface_hub import HfFileSystem

        with errors(str(self)):
            path = f"datasets/{self.repo}@{self.commit}/{name}"
            return cast(BinaryIO, HfFileSystem().open(path, cache_type="none"))

    def copy(self, names: Sequence[str]) -> list[Path]:
        """Copy files to the cache, several at once; what lies there already stays.

        Raises:
            ValueError: the disk has no room for them, or the hub cannot be reached.
        """
        from huggingface_hub import constants, hf_hub_download

        with errors(str(self)):
            planned = [
                hf_hub_download(self.repo, name, repo_type="dataset", revision=self.commit, dry_run=True)
                for name in names
            ]
            missing = sum(plan.file_size or 0 for plan in planned if plan.will_download)
            require_room(Path(constants.HF_HUB_CACHE), missing, "set data.corpus.streaming, or HF_HOME to another disk")
            with ThreadPoolExecutor(AT_ONCE) as pool:
                return [Path(path) for path in pool.map(self._fetch, names)]

    def cached(self, name: str) -> Path:
        """Where the copy of a file lies.

        Raises:
            ValueError: there is none.
        """
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.repo, name, revision=self.commit, repo_type="dataset")
        if not isinstance(found, str):
            raise ValueError(f"{self}: {name} is not in the hub's cache (see HF_HOME); run stage `download` again")
        return Path(found)

    def _fetch(self, name: str) -> str:
        from huggingface_hub import hf_hub_download

        return hf_hub_download(self.repo, name, repo_type="dataset", revision=self.commit)

    def __str__(self) -> str:
        return f"{self.repo}, revision {self.commit}"


@contextmanager
def errors(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into an error that says what to do."""
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except (OSError, HTTPError, HfHubHTTPError, HFValidationError) as error:
        raise ValueError(
            f"data.corpus: {name} cannot be read from the hub ({error}); connect, correct repo, revision and subset, "
            "or download its parquet files and set data.corpus.path"
        ) from error


def require_room(folder: Path, needed: int, way_out: str) -> None:
    """See to it that files of `needed` bytes fit on the disk of a folder that need not exist yet.

    Raises:
        ValueError: they do not, with `SPARE` bytes left over.
    """
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if needed and needed + SPARE > free:
        raise ValueError(
            f"{folder}: {needed / 1e9:.1f} GB are to be written and {free / 1e9:.1f} GB are free; free some, {way_out}"
        )


def _patterns(card: dict[str, Any], subset: str, name: str) -> list[str]:
    configs = {entry["config_name"]: entry.get("data_files", []) for entry in card.get("configs", [])}
    if subset not in configs:
        raise ValueError(f"data.corpus.subset: {name} has no {subset!r}; it has {', '.join(configs) or 'none'}")
    files = configs[subset]
    listed = [files] if isinstance(files, str) else files
    paths = [entry if isinstance(entry, str) else entry["path"] for entry in listed if _trains(entry)]
    return [path for found in paths for path in ([found] if isinstance(found, str) else found)]


def _trains(entry: Any) -> bool:
    return isinstance(entry, str) or entry.get("split", "train") == "train"
