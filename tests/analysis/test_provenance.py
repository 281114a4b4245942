"""What the rows of the tables speak of: flagged when code or settings behind their answers change, and only then."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from adamem.analysis.provenance import COLUMNS, Provenance, md5
from adamem.tracking.experiments import last_commit

ROOT = Path(__file__).parents[2]
TABLES = {
    "analyze": ("reports/tables/quality.csv", "reports/tables/counterfactual.csv", "reports/tables/comparisons.csv"),
    "stages/evidence/dvc.yaml:weigh": (
        "reports/evidence/tables/quality.csv",
        "reports/evidence/tables/comparisons.csv",
    ),
}
FILES = {
    "adamem/models/a.py": "layers = 2\n",
    "adamem/analysis/page.py": "title = 'page'\n",
    "stages/benchmark.py": "ask()\n",
    "params.yaml": "seed: 0\nphase2: {steps: 200, rate: 5.0e-4}\nanalysis: {resamples: 10}\n",
}


def _stage(out: str, deps: list[str], params: dict[str, Any], root: Path) -> dict[str, Any]:
    """As a lock has it; what was made by other stages has an md5 that nobody asks for."""
    hashed = [{"path": path, "md5": md5(root / path) or "made"} for path in deps]
    return {"deps": hashed, "params": {"params.yaml": params}, "outs": [{"path": out, "md5": "made"}]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A compressor that is trained and asked, and retrieval that is only asked, in the evidence's graph."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    asked = ["stages/benchmark.py", "models/phase2/weights"]
    graphs = {
        "dvc.lock": {
            "phase2": _stage("models/phase2", ["adamem/models"], {"phase2": {"steps": 200, "rate": 5e-4}}, tmp_path),
            "benchmark@adamem": _stage("reports/benchmarks/adamem", asked, {"seed": 0}, tmp_path),
        },
        "stages/evidence/dvc.lock": {
            "ask@rag": _stage("reports/evidence/benchmarks/rag", asked[:1], {"seed": 0}, tmp_path),
            "weigh": _stage("reports/evidence/tables", ["adamem/analysis", "reports/benchmarks"], {}, tmp_path),
        },
    }
    for path, stages in graphs.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(json.dumps({"stages": stages}), encoding="utf-8")
    return tmp_path


def _stale(tree: Path) -> dict[str, object]:
    found = Provenance.read(tree, lambda paths: "abc")
    return {" ".join(methods): found.of(*methods)["stale"] for methods in (("adamem",), ("rag",), ("adamem", "rag"))}


@pytest.mark.parametrize(
    ("name", "old", "new", "flagged"),
    [
        ("adamem/models/a.py", "2", "3", {"adamem", "adamem rag"}),
        ("stages/benchmark.py", "ask", "answer", {"adamem", "rag", "adamem rag"}),
        ("params.yaml", "200", "400", {"adamem", "adamem rag"}),
        ("params.yaml", "10", "20", set[str]()),
        ("adamem/analysis/page.py", "page", "report", set[str]()),
    ],
)
def test_rows_are_flagged_when_what_decided_them_changes(
    tree: Path, name: str, old: str, new: str, flagged: set[str]
) -> None:
    assert not any(_stale(tree).values())
    (tree / name).write_text(FILES[name].replace(old, new), encoding="utf-8")
    assert {methods for methods, stale in _stale(tree).items() if stale} == flagged


@pytest.mark.parametrize("newer", ["phase2", "benchmark@adamem"])
def test_stages_that_were_given_different_code_are_stale_whichever_of_them_has_the_tree_s(
    tree: Path, newer: str
) -> None:
    lock = json.loads((tree / "dvc.lock").read_text(encoding="utf-8"))
    for name, stage in lock["stages"].items():
        given = md5(tree / "adamem/models") if name == newer else "older"
        stage["deps"] = [one for one in stage["deps"] if one["path"] != "adamem/models"]
        stage["deps"].append({"path": "adamem/models", "md5": given})
    (tree / "dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    assert _stale(tree)["adamem"]


def test_a_file_more_or_less_is_other_code(tree: Path) -> None:
    (tree / "adamem/models/b.py").touch()
    assert _stale(tree)["adamem"]
    (tree / "adamem/models/b.py").unlink()
    (tree / "adamem/models/__pycache__").mkdir()
    (tree / "adamem/models/__pycache__/a.pyc").touch()
    assert not _stale(tree)["adamem"]
    (tree / "adamem/models/a.py").rename(tree / "adamem/models/c.py")
    assert _stale(tree)["adamem"]


def test_a_row_names_the_commit_of_the_code_while_the_tree_has_it(tree: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def commit(paths: tuple[str, ...]) -> str:
        asked.append(paths)
        return "abc"

    assert Provenance.read(tree, commit).of("rag", "adamem")["commit"] == "abc"
    assert asked == [("adamem/models", "stages/benchmark.py")]
    (tree / "adamem/models/a.py").write_text("layers = 3\n", encoding="utf-8")
    found = Provenance.read(tree, commit)
    assert (found.of("adamem")["commit"], found.of("rag")["commit"]) == (None, "abc")
    assert found.warning(["adamem", "rag"]).endswith("the answers of `adamem`.")
    assert found.warning(["rag"]) == ""


def test_nothing_is_said_of_methods_that_no_lock_has(tree: Path) -> None:
    assert Provenance.read(tree, lambda paths: "abc").of("adamem", "new") == dict.fromkeys(COLUMNS)
    assert Provenance.read(tree / "reports", lambda paths: "abc").of("adamem") == dict.fromkeys(COLUMNS)


def test_the_last_commit_of_some_paths(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        return subprocess.run(("git", *identity, *words), check=True, capture_output=True, text=True).stdout.strip()

    monkeypatch.chdir(tree)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tree.parent))
    assert last_commit(("adamem/models",)) == ""
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    first = git("rev-parse", "HEAD")
    (tree / "adamem/analysis/page.py").write_text("", encoding="utf-8")
    git("commit", "-qam", "two")
    assert last_commit(("adamem/models", "stages/benchmark.py")) == first
    (tree / "adamem/models/a.py").write_text("", encoding="utf-8")
    assert last_commit(("adamem/models", "stages/benchmark.py")) == f"{first}-dirty"
    assert last_commit(("adamem/analysis",)) == git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def now() -> Provenance:
    return Provenance.read(ROOT, lambda paths: "")


@pytest.mark.parametrize(("stage", "table"), [(stage, table) for stage, made in TABLES.items() for table in made])
def test_the_committed_tables_speak_of_this_tree_or_say_that_they_do_not(
    now: Provenance, stage: str, table: str
) -> None:
    with (ROOT / table).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    for row in rows:
        methods = [row["method"]] if "method" in row else [row["a"], row["b"]]
        found = {key: str(value) for key, value in now.of(*methods).items() if key != "commit"}
        assert {key: row.get(key) for key in found} == found, (
            f"{table}: the answers of {' and '.join(methods)} were made with other code or settings; "
            f"`dvc repro {stage}` asks anew, `dvc repro -f -s {stage}` says in the table that they are stale"
        )


@pytest.mark.parametrize(("graph", "stage"), [("dvc.yaml", "benchmark"), ("stages/evidence/dvc.yaml", "ask")])
def test_the_locks_know_every_method_that_the_graphs_ask(now: Provenance, graph: str, stage: str) -> None:
    asked = YAML(typ="safe", pure=True).load((ROOT / graph).read_text(encoding="utf-8"))["stages"][stage]["foreach"]
    assert set(asked) <= set(now.given)
