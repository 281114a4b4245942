"""Which code and settings the answers of a method speak of: the last columns of the tables, read off DVC's locks.

A lock holds, for every stage, the md5 of the code that it was given and the settings that it read. Those of a method's
`benchmark` and of all stages behind it decide the answers. Where the tree has others by now, the answers are stale.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LOCKS = ("dvc.lock", "stages/evidence/dvc.lock")
ANSWERS = "benchmarks"  # the folder of a method's answers lies in one of this name
CODE = ("adamem/", "stages/")
SETTINGS = "params.yaml"
COLUMNS = ("commit", "settings", "code", "stale")
HASH_DIGITS = 12
SEVERAL = "several"  # in place of what stages were given differently: equal to nothing that a tree can have

Stage = Mapping[str, Any]
LastCommit = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class Given:
    """What stages were given: md5 of code by path, values of settings by their dotted name."""

    code: Mapping[str, str]
    settings: Mapping[str, Any]

    @classmethod
    def to(cls, stages: Sequence[Stage]) -> Given:
        """What these stages of a lock were given, all together."""
        read = [dep for stage in stages for dep in stage.get("deps", ()) if dep["path"].startswith(CODE)]
        settings = [one for stage in stages for one in stage.get("params", {}).get(SETTINGS, {}).items()]
        return cls(_merged((dep["path"], dep["md5"]) for dep in read), _merged(settings))


@dataclass(frozen=True)
class Provenance:
    """What each method's answers were made with, by its name, and what the tree has of that now."""

    given: Mapping[str, Given]
    now: Given
    last_commit: LastCommit

    @classmethod
    def read(cls, root: Path, last_commit: LastCommit) -> Provenance:
        """From the locks below `root`; nothing is known of a graph without one. `last_commit` tells which commit was
        the last to touch one of some paths."""
        stages = [stage for lock in LOCKS if (root / lock).is_file() for stage in _load(root / lock)["stages"].values()]
        outs = [out["path"] for stage in stages for out in stage.get("outs", ())]
        answers = {Path(out).name: out for out in outs if Path(out).parent.name == ANSWERS}
        every, params = Given.to(stages), _load(root / SETTINGS) if stages else {}
        now = Given({path: md5(root / path) for path in every.code}, {key: _at(params, key) for key in every.settings})
        given = {method: Given.to(_behind(out, stages)) for method, out in answers.items()}
        return cls(given, now, cache(last_commit))

    def of(self, *methods: str) -> dict[str, str | bool | None]:
        """`COLUMNS` for what speaks of these methods; None where no lock has one of them.

        `commit` is the last one that touched the code, None where the tree has other code by now.
        """
        if not all(method in self.given for method in methods):
            return dict.fromkeys(COLUMNS)
        given = [self.given[method] for method in methods]
        code = _merged(pair for one in given for pair in one.code.items())
        settings = _merged(pair for one in given for pair in one.settings.items())
        same_code = all(self.now.code[path] == md5 for path, md5 in code.items())
        same_settings = all(self.now.settings[key] == value for key, value in settings.items())
        commit = self.last_commit(tuple(sorted(code))) if same_code else None
        hashes = [short_hash(json.dumps(tree, sort_keys=True)) for tree in (settings, code)]
        return dict(zip(COLUMNS, (commit, *hashes, not (same_code and same_settings)), strict=True))

    def warning(self, methods: Sequence[str]) -> str:
        """A sentence on those of the methods whose answers are stale; empty where none are."""
        stale = [f"`{method}`" for method in methods if self.of(method)["stale"]]
        if not stale:
            return ""
        return f"**Older than the code or the settings of this tree**: the answers of {', '.join(stale)}."


def _merged(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """One tree of what several stages were given, with `SEVERAL` where they disagree."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = value if found.get(key, value) == value else SEVERAL
    return found


def short_hash(text: str) -> str:
    """Tells code and settings apart in a table: 12 hex digits of SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def md5(path: Path) -> str:
    """As DVC's locks have it: of the bytes of a file, or of the list of a folder's files; empty where nothing is."""
    if not path.exists():
        return ""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    found = [file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    files = {file.relative_to(path).as_posix(): file for file in found}
    listed = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _behind(out: str, stages: Sequence[Stage]) -> list[Stage]:
    """The stage that makes `out` and all that it depends on."""
    found: dict[int, Stage] = {}
    ahead = [out]
    while ahead:
        path = ahead.pop()
        for index, stage in enumerate(stages):
            if index not in found and any(_overlap(made["path"], path) for made in stage.get("outs", ())):
                found[index] = stage
                ahead += [dep["path"] for dep in stage.get("deps", ())]
    return list(found.values())


def _overlap(a: str, b: str) -> bool:
    """Whether two paths are the same or one lies in the other."""
    return f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")


def _at(tree: Any, key: str) -> Any:
    """A setting by its dotted name; None where there is none."""
    return reduce(lambda found, name: found.get(name) if isinstance(found, dict) else None, key.split("."), tree)


def _load(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
