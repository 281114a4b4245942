"""A temporary clone of what git would take in now, uncommitted changes included: the working tree stays as it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PULLED = ("download", "llm")  # stages whose outputs come out of this checkout's cache


def run(place: Path, *command: str, check: bool = True) -> str:
    """What a command says, shown as it comes. Nothing of this checkout's own runs leaks in. Torch has one thread, since
    two of them wait for each other by spinning, and other commands may run beside."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "GIT_", "MLFLOW_TRACKING"))}
    mine["OMP_NUM_THREADS"] = "1"
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
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout
    return sorted({path for path in listed.split("\0") if (place / path).is_file()})


def make(place: Path) -> Path:
    """The clone, under git, with nothing built in it."""
    for path in tracked(ROOT):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, place / path)
    run(place, "git", "init", "--quiet")
    run(place, "git", "add", "--all")
    run(place, "git", "-c", "user.name=clone", "-c", "user.email=clone@example.org", "commit", "--quiet", "-m", "clone")
    return place


def prepare(place: Path, graphs: Sequence[str]) -> None:
    """Toy size, with wheels and LLM out of this checkout's cache where it has them; all else has not run yet."""
    run(place, "dvc", "remote", "add", "--local", "--default", "here", str(ROOT / ".dvc" / "cache"))
    run(place, "python", "-m", "adamem.profile", "smoke")
    run(place, "dvc", "pull", "--quiet", *PULLED, check=False)
    for graph in graphs:
        forget(place / graph.replace(".yaml", ".lock"), keep=PULLED)


def forget(lock: Path, keep: Sequence[str]) -> None:
    """All stages but some: what the others were in the committed run is of no use in a clone, and DVC writes all of it
    anew after every stage."""
    yaml = YAML(typ="safe", pure=True)
    tree = yaml.load(lock.read_text(encoding="utf-8"))
    tree["stages"] = {name: stage for name, stage in tree["stages"].items() if name in keep}
    with lock.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


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
