"""What a finished experiment has left: the stages that ask its methods, and what of it `reports/ablations/` keeps."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from adamem.analysis import draws
from adamem.analysis.ablations import Experiment
from adamem.analysis.predictions import read_asked
from adamem.analysis.results import Results, asked_in, read
from adamem.data.staged import staged, write_text
from adamem.tracking import experiments as queued

TASKS = Path("data/tasks")
LISTED = Path("stages/ablations/experiments.yaml")
REPORTS, EVIDENCE = "reports/benchmarks", "reports/evidence/benchmarks"
ASKED = (
    (Path("dvc.yaml"), "benchmark", "benchmark@"),
    (Path("stages/evidence/dvc.yaml"), "ask", "stages/evidence/dvc.yaml:ask@"),
)
ASK_PARTS = ("stages/evidence/dvc.yaml:parts", "stages/evidence/dvc.yaml:other_text")
TRAINED, LEFT_PARTS = "reports/training/phase2.json", ("reports/evidence/parts", "reports/evidence/fused")
ANSWERS, CURVES, PARTS = (Path("reports/ablations") / kept for kept in ("answers", "training", "parts"))


def targets(experiment: Experiment, methods: Sequence[str]) -> list[str]:
    """The stages that ask these methods, and what else is to be kept.

    Raises:
        ValueError: no stage asks one of the methods.
    """
    return [*map(target, methods), *(ASK_PARTS if "parts" in experiment.keep else [])]


def target(method: str) -> str:
    """The stage that asks a method: of the default graph where it is there, else of the evidence's.

    Raises:
        ValueError: neither graph asks it.
    """
    for graph, stage, address in ASKED:
        if method in YAML(typ="safe", pure=True).load(graph.read_text(encoding="utf-8"))["stages"][stage]["foreach"]:
            return address + method
    raise ValueError(f"{LISTED}: no stage asks {method!r}; name it under `benchmark` or `ask` in one of the graphs")


def keep(name: str, experiment: Experiment, methods: Sequence[str], revision: str) -> Results:
    """Write what is to be kept of a finished experiment; the answers of the methods.

    Raises:
        ValueError: the experiment has left no answers of a method, or not what is to be kept.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answers = ANSWERS if "answers" in experiment.keep else Path(scratch) / "answers"
        items = draws.items_of(experiment.draw, answers, TASKS)
        if experiment.draw:
            _copy_items(revision, Path(scratch) / "tasks", items)
        for method in methods:
            place = REPORTS if target(method).startswith("benchmark") else EVIDENCE
            _copy(revision, [f"{place}/{method}"], answers / name / method)
        results = read(answers / name, items)
    if "curves" in experiment.keep:
        write_text(CURVES / f"{name}.json", queued.content(revision, TRAINED))
    if "parts" in experiment.keep:
        _copy(revision, LEFT_PARTS, PARTS / name)
    return results


def is_kept(name: str, experiment: Experiment, method: str) -> bool:
    """Whether all is there that is to be kept of an experiment that was asked the method."""
    there = {
        "answers": (ANSWERS / name / method).is_dir() and draws.items_of(experiment.draw, ANSWERS, TASKS).is_dir(),
        "curves": (CURVES / f"{name}.json").is_file(),
        "parts": (PARTS / name).is_dir(),
    }
    return all(there[what] for what in experiment.keep)


def _copy(revision: str, folders: Sequence[str], to: Path) -> None:
    """What is below some folders of a commit, whole or not at all."""
    with staged(to) as scratch:
        for folder in folders:
            for path in queued.files(revision, folder):
                write_text(scratch / Path(path).relative_to(folder), queued.content(revision, path))


def _copy_items(revision: str, tasks: Path, to: Path) -> None:
    """Of the items that an experiment was asked, what the analysis reads; their texts stay in DVC's cache."""
    queued.data(revision, TASKS.as_posix(), tasks)
    with staged(to) as scratch:
        for path in asked_in(tasks):
            lines = (one.model_dump_json() for one in read_asked(path))
            write_text(scratch / path.relative_to(tasks), "".join(f"{line}\n" for line in lines))
