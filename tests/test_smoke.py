"""The whole graph on the smoke profile, on real parts, in a temporary clone: the working tree stays as it is.

The clone holds what git would take in now, uncommitted changes included. It takes wheels and LLM out of this checkout's
DVC cache, if they are there, so that they are not downloaded again. Its own cache begins with nothing else: every later
stage runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PULLED = ("download", "llm")  # stages whose outputs come out of this checkout's cache


def run(place: Path, *command: str, check: bool = True) -> str:
    """What a command says, shown as it comes. Nothing of this checkout's own runs leaks in."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "GIT_", "MLFLOW_TRACKING"))}
    mine["PATH"] = f"{BIN}{os.pathsep}{mine['PATH']}"
    said = []
    with subprocess.Popen(
        command, cwd=place, env=mine, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    text = "".join(said)
    assert not check or process.returncode == 0, f"{' '.join(command)}: exit {process.returncode}\n{text[-6000:]}"
    return text


def tracked(place: Path) -> list[str]:
    """Files that git has or would take in."""
    listed = run(place, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({path for path in listed.split("\0") if (place / path).is_file()})


def ran(said: str) -> list[str]:
    return re.findall(r"^Running stage '([^']+)'", said, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("smoke") / "adamem"
    for path in tracked(ROOT):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, place / path)
    run(place, "git", "init", "--quiet")
    run(place, "git", "add", "--all")
    run(place, "git", "-c", "user.name=smoke", "-c", "user.email=smoke@example.org", "commit", "--quiet", "-m", "smoke")
    run(place, "dvc", "remote", "add", "--local", "--default", "here", str(ROOT / ".dvc" / "cache"))
    run(place, "python", "-m", "adamem.profile", "smoke")
    run(place, "dvc", "pull", "--quiet", *PULLED, check=False)
    forget_the_other_stages(place / "dvc.lock")
    return place


def forget_the_other_stages(lock: Path) -> None:
    """What they were in the committed run is of no use here, and DVC writes all of it anew after every stage."""
    yaml = YAML(typ="safe", pure=True)
    tree = yaml.load(lock.read_text(encoding="utf-8"))
    tree["stages"] = {name: stage for name, stage in tree["stages"].items() if name in PULLED}
    with lock.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


@pytest.mark.smoke
@pytest.mark.timeout(2400)
def test_the_whole_graph_runs_once_and_then_rests(clone: Path) -> None:
    before = {path: (ROOT / path).stat().st_mtime_ns for path in tracked(ROOT)}
    started = time.monotonic()
    first = ran(run(clone, "dvc", "repro", "--no-run-cache"))
    print(f"the smoke graph: {len(first)} stages in {time.monotonic() - started:.0f} s")
    stages = set(run(clone, "dvc", "stage", "list", "--name-only").split())
    assert stages - set(first) <= set(PULLED)

    check_reports(clone)
    check_tracking(clone, len(first))
    assert ran(run(clone, "dvc", "repro")) == ["record"], "a second run has nothing to do but to record"
    assert {path: (ROOT / path).stat().st_mtime_ns for path in tracked(ROOT)} == before


def check_reports(clone: Path) -> None:
    """Every method has answered every group, and the page can be read on its own."""
    quality = json.loads((clone / "reports/metrics.json").read_text(encoding="utf-8"))["quality"]
    asked = YAML(typ="safe", pure=True).load((clone / "params.yaml").read_text(encoding="utf-8"))["benchmarks"]
    expected = {"adamem", "adamem_step0", "adamem_wrong_memory", "icae", "autocompressor", "rag_minilm_k", "rag_bm25_k"}
    expected |= {"adamem_unfrozen", "rag_minilm_source", "rag_bm25_source"}
    expected |= {"full_context", "full_context_tuned", "no_context", "no_context_tuned"}
    assert expected <= set(quality)
    for method, groups in quality.items():
        assert {"A", "B", "C", "D"} <= set(groups), method
        for group in "ABCD":
            assert 0 < groups[group]["n"] <= asked[group]["test"], (method, group)
            assert all(0 <= groups[group][name] <= 1 for name in ("em", "f1", "rouge_l")), (method, group)
    assert list((clone / "reports/plots").glob("*.png"))
    assert list((clone / "reports/tables").glob("*.csv"))
    page = (clone / "reports/README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page)
    assert shown
    assert all((clone / "reports" / path).is_file() for path in shown)
    for phase in ("phase1", "phase2", "phase3"):
        assert json.loads((clone / f"reports/training/{phase}.json").read_text(encoding="utf-8"))["steps"], phase


def check_tracking(clone: Path, executed: int) -> None:
    """One finished MLflow run for every stage that ran, and one for the pipeline."""
    store = sqlite3.connect(clone / "mlflow.db")
    runs = store.execute("select name, status from runs").fetchall()
    store.close()
    assert all(status == "FINISHED" for _, status in runs), runs
    assert len(runs) >= executed
    assert len([name for name, _ in runs if name.startswith("pipeline:")]) == 1
