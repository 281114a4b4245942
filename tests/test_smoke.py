"""The whole graph on the smoke profile, on real parts, in a temporary clone.

The clone takes wheels and LLM out of this checkout's DVC cache, if they are there, so that they are not downloaded
again. Its own cache begins with nothing else: every later stage runs.
"""

from __future__ import annotations

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import cloned
from tests.cloned import PULLED, ROOT, run, tracked


def ran(said: str) -> list[str]:
    return re.findall(r"^Running stage '([^']+)'", said, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = cloned.make(tmp_path_factory.mktemp("smoke") / "adamem")
    cloned.prepare(place, ["dvc.yaml"])
    return place


def turns(stages: list[str]) -> list[list[list[str]]]:
    """The graph in turns of one or two hands, each stage named: what a turn reads has been made before it."""

    def of(kind: str, *names: str) -> list[str]:
        return [f"{kind}@{name}" for name in names]

    tuned = ("icae", "autocompressor", "full_context_tuned", "no_context_tuned")
    baselines, benchmarks = of("baseline", *tuned), of("benchmark", *tuned)
    retrieval = [stage for stage in stages if stage.startswith("benchmark@rag_")]
    others = [stage for stage in stages if stage.startswith("benchmark@") and stage not in {*benchmarks, *retrieval}]
    return [
        [list(PULLED)],
        [["tokenize", "features", "teacher"], of("tasks", *"ABCD")],
        [["phase1", "phase2", "phase3", "baseline@rag", *others], [*baselines, *benchmarks]],
        [retrieval, ["efficiency"]],
        [["analyze", "record"]],
    ]


def in_turn(clone: Path, hands: list[list[str]]) -> list[str]:
    """The stages that ran, each hand a `dvc repro` of its own: a small stage is mostly imports, which keep one core
    busy."""
    repro = ("python", "-m", "tests.forked", "--wait-for-lock", "repro", "--no-run-cache", "--single-item")
    with ThreadPoolExecutor(len(hands)) as pool:
        return [stage for said in pool.map(lambda targets: run(clone, *repro, *targets), hands) for stage in ran(said)]


@pytest.mark.smoke
@pytest.mark.timeout(2400)
def test_the_whole_graph_runs_once_and_then_rests(clone: Path) -> None:
    before = {path: (ROOT / path).stat().st_mtime_ns for path in tracked(ROOT)}
    started = time.monotonic()
    stages = run(clone, "dvc", "stage", "list", "--name-only").split()
    first = [stage for turn in turns(stages) for stage in in_turn(clone, turn)]
    print(f"the smoke graph: {len(first)} stages in {time.monotonic() - started:.0f} s")
    assert set(stages) - set(first) <= set(PULLED)
    assert len(first) == len(set(first)), "no stage runs twice"

    cloned.check_reports(clone)
    check_tracking(clone, len(first))
    assert ran(run(clone, "dvc", "repro")) == ["record"], "a second run has nothing to do but to record"
    assert {path: (ROOT / path).stat().st_mtime_ns for path in tracked(ROOT)} == before


def check_tracking(clone: Path, executed: int) -> None:
    """One finished MLflow run for every stage that ran, and one for the pipeline."""
    store = sqlite3.connect(clone / "mlflow.db")
    runs = store.execute("select name, status from runs").fetchall()
    store.close()
    assert all(status == "FINISHED" for _, status in runs), runs
    assert len(runs) >= executed
    assert len([name for name, _ in runs if name.startswith("pipeline:")]) == 1
