"""Experiments from the list to the table, on a real repository whose stages copy answers that were made up before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem import ablate, harvest
from adamem.analysis import ablations, staleness
from adamem.analysis.ablations import Experiment, Row
from adamem.analysis.results import read
from adamem.tracking import experiments

ROOT = Path(__file__).parents[2]
Level = Mapping[str, float]
ASK = """\
import re, shutil
from pathlib import Path
size = re.search(r"n_latents: (\\d+)", Path("params.yaml").read_text()).group(1)
shutil.copytree(f"made/{size}/benchmarks/adamem", "reports/benchmarks/adamem", dirs_exist_ok=True)
"""
BEFORE = "".join(f"  {name}: {{cmd: python -V, deps: [adamem/code.py]}}\n" for name in staleness.STAGES[:-1])
GRAPH = f"""\
stages:
{BEFORE}
  benchmark:
    foreach: [adamem]
    do:
      cmd: python ask.py
      deps: [ask.py, adamem/code.py]
      params: [resampler.n_latents]
      outs: [{{reports/benchmarks/adamem: {{cache: false}}}}]
"""

EVIDENCE = """\
stages:
  ask: {foreach: [rag], do: {cmd: python -V}}
  parts:
    wdir: ../..
    cmd: mkdir -p reports/evidence && cp -r reports/benchmarks reports/evidence/parts
    deps: [reports/benchmarks/adamem]
    outs: [{reports/evidence/parts: {cache: false}}]
  other_text:
    wdir: ../..
    cmd:
      - mkdir -p reports/evidence/fused
      - cp -r reports/benchmarks/adamem reports/evidence/fused/other_text
      - sed -i 's/"adamem"/"other_text"/' reports/evidence/fused/other_text/*.json
    deps: [reports/benchmarks/adamem]
    outs: [{reports/evidence/fused: {cache: false}}]
"""


@pytest.fixture
def repository(
    tmp_path: Path, write: Callable[[str, Level], Path], levels: Level, monkeypatch: pytest.MonkeyPatch
) -> Path:
    for name in [name for name in os.environ if name.startswith(("DVC_", "GIT_"))]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    monkeypatch.setenv("PATH", os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p))
    folder = tmp_path / "repository"
    for size, level in (("32", 0.9), ("4", 0.5)):
        shutil.copytree(write(size, {**levels, "adamem": level}), folder / "made" / size)
    shutil.move(folder / "made/32/tasks", folder / "data/tasks")
    shutil.copytree(folder / "made/32/benchmarks", folder / "reports/benchmarks")
    shutil.copy(ROOT / "params.yaml", folder)
    for path, text in {
        "dvc.yaml": GRAPH,
        "ask.py": ASK,
        "adamem/code.py": "",
        ".gitignore": "__pycache__\n",
        "stages/evidence/dvc.yaml": EVIDENCE,
        "stages/ablations/experiments.yaml": "k4: {about: K, set: {resampler.n_latents: 4}, ask: [adamem]}\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    dvc = str(Path(sys.executable).with_name("dvc"))
    for command in (
        "git init -q",
        f"{dvc} init -q",
        f"{dvc} config core.analytics false",
        "git add -A",
        "git commit -qm x",
    ):
        subprocess.run(command.split(), check=True)
    return folder


def test_a_row_older_than_the_committed_answers_of_its_method_gets_its_difference(
    repository: Path, row: Callable[..., Row]
) -> None:
    experiment = Experiment(about="K", set={"resampler.n_latents": 4}, ask=("adamem",), keep=("answers",))
    shutil.copytree(repository / "made/4/benchmarks/adamem", harvest.ANSWERS / "k4/adamem")
    alone = [row("k4", group=group, value=0.5, difference=None) for group in "ABCD"]
    others = [row("k8", difference=None), row("k4", method="icae", difference=None)]
    listed = {"k4": experiment, "k8": experiment.model_copy(update={"keep": ()})}
    ablate.compare(ablate.Committed.here(), listed)
    assert not ablate.TABLE.exists(), "nothing to fill"
    ablations.write(ablate.TABLE, [*alone, *others])
    ablate.compare(ablate.Committed.here(), listed)
    found = ablations.read(ablate.TABLE)
    assert [one.difference for one in found] == [pytest.approx(-0.4)] * 4 + [None] * 2
    assert all(one.difference_low is not None for one in found[:4])


@pytest.mark.slow
def test_what_is_missing_is_run_and_put_into_the_table_as_of_when_it_was_queued(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit, code = experiments.head(), staleness.code_hash(repository)
    run_queue = experiments.run_queue

    def run_and_edit(jobs: int) -> None:
        run_queue(jobs)
        (repository / "adamem/code.py").write_text("# edited while the experiment ran\n", encoding="utf-8")

    monkeypatch.setattr(experiments, "run_queue", run_and_edit)
    assert ablate.run([], jobs=1) == []
    rows = ablations.read(ablate.TABLE)
    assert [(row.method, row.group, row.value, row.difference) for row in rows] == [
        ("adamem", group, 0.5, pytest.approx(-0.4)) for group in "ABCD"
    ]
    assert {(row.commit, row.code) for row in rows} == {(commit, code)}
    assert len(ablate.mark()) == len(rows), "what was found speaks of older code by now"
    subprocess.run(["git", "checkout", "-q", "adamem"], check=True)
    assert ablate.mark() == [] and ablate.run([], jobs=1) == []
    assert "of these settings and code that gives the same: k4\n" in capsys.readouterr().out


@pytest.mark.slow
def test_an_experiment_that_draws_its_items_keeps_them_and_is_held_against_none(repository: Path) -> None:
    listed = "seed1: {about: fresh items, set: {seed: 1}, ask: [adamem], keep: [answers]}\n"
    (repository / harvest.LISTED).write_text(listed, encoding="utf-8")
    assert ablate.run([], jobs=1) == []
    rows = ablations.read(ablate.TABLE)
    assert [(row.group, row.value, row.difference) for row in rows] == [(group, 0.9, None) for group in "ABCD"]
    items = harvest.ANSWERS / "items/seed=1"
    kept = [path.relative_to(items).as_posix() for path in sorted(items.rglob("*.jsonl"))]
    assert kept == [f"{group}/{part}.jsonl" for group in "ABCD" for part in ("counterfactual", "test")]
    with_texts, alone = (read(harvest.ANSWERS / "seed1", place) for place in (harvest.TASKS, items))
    assert with_texts == alone and "context" not in (items / kept[0]).read_text(encoding="utf-8")
    shutil.rmtree(items)
    assert ablate.missing(ablations.read_experiments(harvest.LISTED)) == {"seed1": ["adamem"]}


@pytest.mark.slow
def test_an_experiment_that_keeps_parts_asks_for_them_and_is_missing_without_them(repository: Path) -> None:
    listed = "k4: {about: parts, set: {resampler.n_latents: 4}, ask: [adamem], keep: [parts]}\n"
    (repository / harvest.LISTED).write_text(listed, encoding="utf-8")
    assert ablate.run([], jobs=1) == []
    assert [row.value for row in ablations.read(ablate.TABLE)] == [0.5] * 4
    kept = read(harvest.PARTS / "k4", harvest.TASKS)
    assert [kept.mean(name, "A", "f1") for name in ("adamem", "other_text")] == [0.5, 0.5]
    shutil.rmtree(harvest.PARTS / "k4")
    assert ablate.missing(ablations.read_experiments(harvest.LISTED)) == {"k4": ["adamem"]}


@pytest.mark.slow
def test_other_settings_under_the_same_name_are_another_experiment(repository: Path) -> None:
    assert ablate.run(["k4"], jobs=1) == []
    [listed] = ablations.read_experiments(harvest.LISTED).values()
    changed = listed.model_copy(update={"set": {"resampler.n_latents": 32}})
    commit = experiments.head()
    assert experiments.revision(ablate.Wanted.of("k4", listed, ["adamem"]).title, commit) is not None
    assert experiments.revision(ablate.Wanted.of("k4", changed, ["adamem"]).title, commit) is None
    assert experiments.revision(ablate.Wanted.of("k4", listed, ["adamem", "adamem"]).title, commit) is None
    assert ablate.missing({"k4": changed}) == {"k4": ["adamem"]}


def test_a_method_that_no_stage_asks_is_refused_before_anything_is_queued(repository: Path) -> None:
    text = (repository / harvest.LISTED).read_text(encoding="utf-8")
    more = text.replace("k4:", "k8:").replace("n_latents: 4", "n_latents: 8").replace("[adamem]", "[oracle]")
    (repository / harvest.LISTED).write_text(text + more, encoding="utf-8")
    with pytest.raises(ValueError, match="no stage asks 'oracle'"):
        ablate.run([], jobs=1)
    assert experiments.waiting() == {}


def test_a_setting_in_no_section_is_named(repository: Path) -> None:
    text = (repository / harvest.LISTED).read_text(encoding="utf-8").replace("resampler", "resampeler")
    (repository / harvest.LISTED).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"resampeler\.n_latents: params\.yaml has no section 'resampeler'"):
        ablate.run([], jobs=1)


def test_a_tree_that_is_not_as_committed_is_refused(repository: Path) -> None:
    (repository / "params.yaml").write_text((repository / "params.yaml").read_text() + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"params\.yaml: not as committed, .* commit it first"):
        ablate.run(["k4"], jobs=1)


def test_no_experiment_at_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="--jobs 0: at least one"):
        ablate.run(["k4"], jobs=0)
