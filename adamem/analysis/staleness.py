"""Which code and settings a row of the experiments' table speaks of, and whether they are what the tree has.

A row carries a hash of the code that decides a score and one of the settings that do. Where either is no longer what
the tree has, and the code is not known to give the same (`same_code`), the row is stale: `python -m adamem.ablate
--mark` says so in the table, and a test that it was done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from adamem.analysis import same_code
from adamem.analysis.ablations import Changes, Experiment, Row
from adamem.analysis.provenance import short_hash

STAGES = (
    "download",
    "llm",
    "tokenize",
    "features",
    "tasks",
    "teacher",
    "phase1",
    "phase2",
    "phase3",
    "baseline",
    "benchmark",
)  # decide a score
UNREAD = ("launcher", "efficiency", "needle", "fanout", "analysis")  # sections that decide none


def mark(rows: Sequence[Row], experiments: Mapping[str, Experiment], root: Path) -> list[Row]:
    """The rows, stale where they speak of other settings than `root` has, of code that may give something else, or are
    no longer listed."""
    same, named = same_code.equal(code_hash(root), same_code.read(root)), {row.experiment for row in rows}
    now = {name: settings_hash(root, one.set) for name, one in experiments.items() if name in named}
    fresh = [row.code in same and row.settings == now.get(row.experiment) for row in rows]
    return [row.model_copy(update={"stale": not one}) for row, one in zip(rows, fresh, strict=True)]


def applied(tree: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """The settings with these changes; `tree`, which is `params.yaml`, is changed.

    Raises:
        ValueError: a change is in a section that the settings do not have.
    """
    for key, value in changes.items():
        *sections, last = key.lstrip("+").split(".")
        try:
            place = reduce(lambda found, section: found[section], sections, tree)
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{key}: params.yaml has no section {'.'.join(sections)!r}, so it cannot be set"
            ) from error
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return tree


def settings_hash(root: Path, changes: Changes) -> str:
    """A hash of the settings that decide a score, `params.yaml` with these changes."""
    tree = YAML(typ="safe", pure=True).load((root / "params.yaml").read_text(encoding="utf-8"))
    read = {key: value for key, value in applied(tree, changes).items() if key not in UNREAD}
    return short_hash(json.dumps(read, sort_keys=True))


def code_hash(root: Path) -> str:
    """A hash of the Python files that the graph names for the stages which decide a score."""
    graph = YAML(typ="safe", pure=True).load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    named = {path for stage in STAGES for path in graph[stage].get("do", graph[stage])["deps"]}
    places = [root / path for path in sorted(named) if path.startswith(("adamem/", "stages/"))]
    files = sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))})
    return short_hash(
        "".join(f"{file.relative_to(root).as_posix()}\n{file.read_text(encoding='utf-8')}\n" for file in files)
    )
