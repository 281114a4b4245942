"""Does a change of code change a result? `make same BEFORE=commit` runs the default graph and the evidence at toy size
with the code of that commit and with that of the working tree, side by side, and compares what comes out.

Where all of it is the same to the byte, `python -m tests.same commit --take-over` writes that down for the experiments
(`analysis/same_code.py`) and gives the locks the hashes of the new code, as `dvc commit` does, which wants the outputs
of all stages at hand. Left out are durations beside the losses, what a cost stage measures, what only draws, stages
that the commit does not have, and those that are named behind `--but`, whose results are meant to change: the last two
must be run. Experiments that were run with code between two take-overs, of a stage that no other has asked, are taken
over by `--only STAGE`, which leaves the locks as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from dvc.dependency import Dependency
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo
from ruamel.yaml import YAML

from adamem.analysis import ablations, same_code, staleness
from adamem.commands import plain_errors
from adamem.data.checksum import sha256
from tests import cloned
from tests.cloned import ROOT, run

PROFILE = "profiles/smoke.yaml"
GRAPHS = ("dvc.yaml", "stages/evidence/dvc.yaml")
TAKEN = (*GRAPHS, "stages/scale/dvc.yaml")  # whose locks are given the new hashes; the last measures times alone
RUN_ANYWAY = ("analyze", "weigh", "record")  # they draw what the others have found, in a minute
COSTS = ("efficiency", "peer_costs")  # no two runs of them give the same
CODE = ("adamem/", "stages/")
DURATIONS = re.compile(rb'"(?:tokens_per_second|seconds)": [0-9.e+-]+')


@dataclass(frozen=True)
class Made:
    """What the stages of a clone have made, the sha256 of each file by its path, and with which code."""

    outputs: int
    files: Mapping[str, str]
    code: Mapping[str, str]

    @classmethod
    def by(cls, place: Path, without: Collection[str] = ()) -> Made:
        """By all stages but some, which are named as DVC does."""
        outs = [out for address, out in _outs(place) if address not in without]
        return cls(len(outs), {path: digest for out in outs for path, digest in _files(place, out)}, code(place))


def code(place: Path) -> dict[str, str]:
    """The sha256 of every module that a stage may run, by its path."""
    files = [file for folder in CODE for file in (place / folder).rglob("*.py")]
    return {file.relative_to(place).as_posix(): sha256(file) for file in sorted(files)}


def at(commit: str, place: Path) -> Path:
    """A clone of a commit, with the toy size of the working tree and what runs it there."""
    run(ROOT, "git", "clone", "--quiet", "--no-checkout", str(ROOT), str(place))
    run(place, "git", "checkout", "--quiet", commit)
    shutil.copy(ROOT / PROFILE, place / PROFILE)
    shutil.copytree(ROOT / "tests", place / "tests", dirs_exist_ok=True)
    return place


def make(place: Path, only: str | None = None) -> None:
    """Run both graphs at toy size, or one stage and what it needs, on wheels and LLM of this checkout."""
    cloned.prepare(place, GRAPHS)
    for graph in GRAPHS:
        stages = run(place, "dvc", "stage", "list", "--name-only", graph).split()
        compared = [stage for stage in stages if _name(stage) not in RUN_ANYWAY + COSTS and only in (None, stage)]
        if not compared:
            continue
        run(place, "python", "-m", "tests.forked", "repro", "--quiet", "--no-run-cache", *compared)


def differing(before: Made, after: Made) -> list[str]:
    """Files that are not the same, or that only one has.

    Raises:
        ValueError: there is nothing to compare.
    """
    if not after.files:
        raise ValueError("no stage of the working tree has made a file: nothing was compared")
    return sorted(
        path for path in before.files.keys() | after.files.keys() if before.files.get(path) != after.files.get(path)
    )


def refuse_stale(place: Path) -> None:
    """Raise ValueError where a clone's locks do not speak of its code: what they say would be taken over unseen."""
    for graph in TAKEN:
        said = run(place, "dvc", "repro", "--dry", "--allow-missing", graph, check=False)
        found = re.findall(r"Running stage '(.+)'", said)
        if stale := [stage for stage in found if _name(stage) not in RUN_ANYWAY]:
            raise ValueError(f"{stale[0]}: out of date before the change already; name a commit where it is not")
        if "ERROR" in said:
            raise ValueError(f"{graph}: DVC cannot tell whether its lock is up to date: {said.strip()}")


def refuse_asked(stages: Collection[str]) -> None:
    """Raise ValueError for a stage whose method an experiment asks: its rows would be taken over with all others."""
    listed = ablations.read_experiments(ROOT / "stages/ablations/experiments.yaml")
    asked = {method: name for name, one in listed.items() for method in one.ask}
    for stage in stages:
        if (method := stage.partition("@")[2]) in asked:
            raise ValueError(f"--but {stage}: {asked[method]} of experiments.yaml asks it, too; it cannot be left out")


def take_over(commit: str, after: Made, changes: tuple[str, str]) -> None:
    """Let the experiments of the code before speak of the code after; `changes` are the hashes of both.

    Raises:
        ValueError: the working tree has other code by now than was run.
    """
    if code(ROOT) != after.code:
        raise ValueError("code was changed while the graphs ran: start again")
    before, now = changes
    if before not in same_code.equal(now, same_code.read(ROOT)):
        made = same_code.Change(commit=commit, before=before, after=now, outputs=after.outputs, files=len(after.files))
        same_code.add(ROOT, made)


def renew_locks(left: Collection[str]) -> None:
    """Give the locks the hashes of the code as it is, and settings that a stage names for the first time; those of
    stages that were `left` out stay as they are."""
    with Repo(str(ROOT)) as repo, repo.lock:
        stages = [stage for stage in repo.index.stages if stage.path_in_repo in TAKEN and stage.addressing not in left]
        for stage in (stage for stage in stages if _name(stage.addressing) not in RUN_ANYWAY):
            for dep in stage.deps:
                if dep.def_path.startswith(CODE) or is_named_anew(dep):
                    dep.save()
            stage.dump(update_pipeline=False)


def is_named_anew(dep: Dependency) -> bool:
    """Whether the lock lacks some settings of a stage, and has the others as they are: what a stage did not name before
    was in force all the same when its results were compared."""
    if not isinstance(dep, ParamsDependency):
        return False
    changed = dep.workspace_status().get(str(dep))
    return isinstance(changed, dict) and set(changed.values()) == {"new"}


def _name(address: str) -> str:
    """Of a stage, without its graph."""
    return address.rpartition(":")[2]


def _outs(place: Path) -> Iterator[tuple[str, str]]:
    """What is compared, behind the address of the stage that makes it."""
    for graph in GRAPHS:
        text = (place / graph.replace(".yaml", ".lock")).read_text(encoding="utf-8")
        for name, stage in YAML(typ="safe", pure=True).load(text)["stages"].items():
            if name not in RUN_ANYWAY + COSTS:
                address = name if graph == "dvc.yaml" else f"{graph}:{name}"
                yield from ((address, out["path"]) for out in stage.get("outs", ()))


def _files(place: Path, out: str) -> Iterator[tuple[str, str]]:
    there = place / out
    for file in sorted(there.rglob("*")) if there.is_dir() else [there]:
        if file.is_file():
            name = file.relative_to(place).as_posix()
            timed = name.startswith("reports/") and file.suffix == ".json"
            yield name, hashlib.sha256(DURATIONS.sub(b"", file.read_bytes())).hexdigest() if timed else sha256(file)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.same", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("commit", help="whose code gave what is committed")
    parser.add_argument("--take-over", action="store_true", help="where nothing differs, say so in the locks")
    parser.add_argument("--but", nargs="+", default=[], metavar="STAGE", help="stages that are meant to give another")
    parser.add_argument("--only", metavar="STAGE", help="with what it needs; for rows that no other stage made")
    asked = parser.parse_args(arguments)
    refuse_asked(asked.but)
    commit = run(ROOT, "git", "rev-parse", "--verify", f"{asked.commit}^{{commit}}").strip()
    with tempfile.TemporaryDirectory(prefix="adamem-same-") as folder:
        places = at(commit, Path(folder) / "before"), cloned.make(Path(folder) / "after")
        if not asked.only:
            refuse_stale(places[0])
        with ThreadPoolExecutor(len(places)) as pool:
            list(pool.map(make, places, repeat(asked.only)))
        known, made = ({address for address, _ in _outs(place)} for place in places)
        if unknown := sorted({*asked.but} - known):
            raise ValueError(f"--but {unknown[0]}: no stage of {asked.commit} that is compared has that name")
        left = (made - known) | {*asked.but}
        before, after = (Made.by(place, without=left) for place in places)
        changes = staleness.code_hash(places[0]), staleness.code_hash(places[1])
    others = differing(before, after)
    found = {"outputs": after.outputs, "files": len(after.files), "left out": sorted(left), "differ": others}
    print(json.dumps(found, indent=1))
    if others:
        sys.exit(1)
    if asked.take_over:
        take_over(commit, after, changes)
        if not asked.only:
            renew_locks(left)


if __name__ == "__main__":
    with plain_errors():
        main()
