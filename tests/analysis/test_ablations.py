"""Ablations: the table says what it speaks of, and notices when that is gone; the page follows the table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from adamem import ablate, config, harvest
from adamem.analysis import ablation_page, ablations, same_code, staleness
from adamem.analysis.ablations import Experiment, Row
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

ROOT = Path(__file__).parents[2]
LISTED = ablations.read_experiments(ROOT / harvest.LISTED)
TABLE = ROOT / ablate.TABLE
Level = Mapping[str, float]
Writer = Callable[[str, Level], Path]
RowWriter = Callable[..., Row]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with the settings, the graph, and the code that it names."""
    shutil.copytree(ROOT / "adamem", tmp_path / "adamem", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def _stale(tree: Path, row: Row, experiment: Experiment) -> bool:
    return staleness.mark([row], {row.experiment: experiment}, tree)[0].stale


def test_a_row_is_stale_once_code_or_settings_that_decide_a_score_change(tree: Path, row: RowWriter) -> None:
    experiment = LISTED["k4"]
    made = row(settings=staleness.settings_hash(tree, experiment.set), code=staleness.code_hash(tree))
    assert not _stale(tree, made, experiment)

    for place in ("adamem/analysis/plots.py", "adamem/tracking/runs.py", "stages/analyze.py"):
        (tree / place).write_text("# no score comes from here\n", encoding="utf-8")
    params = (tree / "params.yaml").read_text(encoding="utf-8")
    (tree / "params.yaml").write_text(params.replace("resamples: 10000", "resamples: 9"), encoding="utf-8")
    assert not _stale(tree, made, experiment)

    (tree / "params.yaml").write_text(params.replace("film: true", "film: false"), encoding="utf-8")
    assert _stale(tree, made, experiment)
    (tree / "params.yaml").write_text(params, encoding="utf-8")
    assert not _stale(tree, made, experiment)
    (tree / "adamem/models/extractor.py").write_text("# changed\n", encoding="utf-8")
    assert _stale(tree, made, experiment)
    assert staleness.mark([made], {}, tree)[0].stale  # no longer listed


def test_a_row_outlives_changes_of_code_that_gave_the_same(tree: Path, row: RowWriter) -> None:
    """One after the other, and no other code."""
    experiment = LISTED["k4"]
    made = row(settings=staleness.settings_hash(tree, experiment.set), code="first")
    now = staleness.code_hash(tree)
    assert _stale(tree, made, experiment)
    for before, after in (("first", "second"), ("second", now)):
        same_code.add(tree, same_code.Change(commit="c" * 40, before=before, after=after, outputs=3, files=9))
    assert not _stale(tree, made, experiment)
    assert _stale(tree, made.model_copy(update={"code": "other"}), experiment)
    (tree / "adamem/models/extractor.py").write_text("# changed\n", encoding="utf-8")
    assert _stale(tree, made, experiment)
    assert [change.before for change in same_code.read(tree)][-2:] == ["first", "second"]


def test_settings_count_as_the_experiment_has_them(tree: Path) -> None:
    params = (tree / "params.yaml").read_text(encoding="utf-8")
    before = staleness.settings_hash(tree, LISTED["k4"].set)
    assert before != staleness.settings_hash(tree, LISTED["k8"].set)
    (tree / "params.yaml").write_text(params.replace("n_latents: 32", "n_latents: 16"), encoding="utf-8")
    assert staleness.settings_hash(tree, LISTED["k4"].set) == before


def test_the_committed_table_says_which_of_its_rows_are_stale() -> None:
    rows = ablations.read(TABLE)
    assert rows
    assert staleness.mark(rows, LISTED, ROOT) == rows, "run `python -m adamem.ablate --mark`, then `make ablations`"


def test_a_table_is_read_as_it_was_written_and_a_broken_line_is_named(tmp_path: Path, row: RowWriter) -> None:
    rows = [row(), row("k8", difference=None, difference_low=None, difference_high=None, stale=True)]
    ablations.write(tmp_path / "a.csv", rows)
    assert ablations.read(tmp_path / "a.csv") == rows
    assert ablations.read(tmp_path / "none.csv") == []
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text(encoding="utf-8").replace("0.3,", "much,", 1))
    with pytest.raises(ValueError, match=r"a\.csv, line 2: .*\n.*value"):
        ablations.read(tmp_path / "a.csv")


@pytest.mark.parametrize("name", LISTED)
def test_every_experiment_can_be_set_and_asked(name: str) -> None:
    one = LISTED[name]
    tree = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    before = config.AdaMemConfig.checked(tree, "params.yaml")
    for key in one.set:
        *sections, last = key.lstrip("+").split(".")
        assert (last in reduce(lambda found, section: found[section], sections, tree)) != key.startswith("+"), key
    assert config.AdaMemConfig.checked(staleness.applied(tree, one.set), name) != before
    assert all(harvest.target(method).endswith(f"@{method}") for method in one.ask)


def test_the_table_takes_what_was_found_in_place_of_what_it_had_and_keeps_what_is_listed(row: RowWriter) -> None:
    listed = {name: Experiment(about="K", set={}, ask=("adamem", "icae")) for name in ("k8", "k4")}
    known = [row("k4"), row("k4", method="icae"), row("k4", group="D"), row("gone"), row("k4", method="gone")]
    found = [row("k8"), row("k4", value=0.4)]
    merged = ablations.merged(known, found, listed)
    assert [(one.experiment, one.method, one.value) for one in merged] == [
        ("k8", "adamem", 0.3),
        ("k4", "adamem", 0.4),
        ("k4", "icae", 0.3),
    ]


@pytest.mark.parametrize(("device", "asked"), [("cpu", ["k4"]), ("H100", ["k4", "long"])])
def test_what_takes_hours_without_a_gpu_is_left_out_there(
    monkeypatch: pytest.MonkeyPatch, device: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: device != "cpu")
    monkeypatch.setattr(ablate, "TABLE", Path("none.csv"))
    listed = {name: Experiment(about="K", set={}, ask=("adamem",), gpu=name == "long") for name in ("k4", "long")}
    assert ablate.affordable(listed, ablate.missing(listed)) == asked
    assert ("left out without a GPU: long" in capsys.readouterr().out) == (device == "cpu")


def test_of_an_experiment_only_the_methods_that_the_table_lacks_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, row: RowWriter
) -> None:
    monkeypatch.setattr(ablate, "TABLE", tmp_path / "a.csv")
    made = {"settings": staleness.settings_hash(ROOT, LISTED["k4"].set), "code": staleness.code_hash(ROOT)}
    monkeypatch.setattr(ablate, "ROOT", ROOT)
    ablations.write(tmp_path / "a.csv", [row(**made), row(method="rag_minilm_k", settings="old", code=made["code"])])
    found = ablate.missing(LISTED)
    assert (found["k4"], found["k8"]) == (["rag_minilm_k"], ["adamem", "rag_minilm_k"])


def test_no_stage_for_a_method_and_no_such_experiment_are_said_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="no stage asks 'oracle'"):
        harvest.target("oracle")
    with pytest.raises(ValueError, match="no experiment 'k5'; there are: seed1, seed2, seed3"):
        ablate.run(["k5"], 1)


def test_a_score_is_held_against_the_same_method_of_the_committed_run(
    write: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    committed, again = write("committed", levels), write("again", {"adamem": 0.7, "new": 0.4})
    found = [read(folder / "benchmarks", committed / "tasks") for folder in (again, committed)]
    scores = ablations.score(found[0], found[1], "adamem", Bootstrap.of(params))
    assert [row["group"] for row in scores] == ["A", "B", "C", "D"]
    assert {(row["value"], row["difference"]) for row in scores} == {(0.7, -0.2)}
    assert all(row["low"] < row["value"] < row["high"] for row in scores)
    assert ablations.score(found[0], found[1], "new", Bootstrap.of(params))[0]["difference"] is None
    assert ablations.score(found[0], None, "adamem", Bootstrap.of(params))[0]["difference"] is None


def _changed(row: RowWriter) -> list[Row]:
    """Changes that do much, little, and as much as another training does."""
    gone = {"difference": -0.5, "difference_low": -0.6, "difference_high": -0.4}
    same = {"difference": 0.01, "difference_low": -0.1, "difference_high": 0.1}
    within = {"difference": -0.15, "difference_low": -0.2, "difference_high": -0.1}  # less than seed1's own -0.2
    above = {"difference": 0.05, "difference_low": 0.01, "difference_high": 0.1}  # and no seed is above the committed
    return [
        *(row(group=group) for group in "AD"),
        *(row(group=group, method="rag_minilm_k", value=0.5) for group in "AD"),
        *(row("no_film", about="latents", group=group, stale=True, **same) for group in "AD"),
        *(row("start_random", about="start", group=group, **gone) for group in "AD"),
        *(row("no_kl", about="loss", group=group, **within) for group in "AD"),
        *(row("no_phase1", about="phase 1", group=group, **above) for group in "AD"),
        *(
            row(
                "float32",
                about="type of the LLM",
                changes="llm.dtype=float32",
                group=group,
                **{**above, "difference": 0.02},
            )
            for group in "AD"
        ),
        *(
            row("depth4", about="depth", changes="depth=4 llm.dtype=float32", group=group, value=0.15, **gone)
            for group in "AD"
        ),
        *(row("seed1", about="training seed", group=group, value=0.6) for group in "AD"),
        *(row("four0", about="lists", changes="seed=1", group=group, device="cpu, float32") for group in "AD"),
        *(row("icae_lora", about=ablation_page.ENCODER, group=group, method="icae", value=0.05) for group in "AD"),
        *(row("p256_s2", about=ablation_page.WINDOW, group=group, method="adamem_step0", value=0.02) for group in "AD"),
    ]


def test_the_page_speaks_as_the_table_has_it(
    reports: Callable[[Level], Path], levels: Level, params: config.AdaMemConfig, row: RowWriter
) -> None:
    folder = reports({**levels, "full_context": 0.4, "adamem_step0": 0.1})
    shutil.copytree(folder / "benchmarks/icae", folder / "evidence/benchmarks/icae")
    (folder / "ablations/training").mkdir(parents=True)
    shutil.copy(folder / "training/phase2.json", folder / "ablations/training/p256_s2.json")
    ablations.write(folder / "ablations/ablations.csv", _changed(row))
    ablation_page.write(folder, folder / "tasks", params)
    page = (folder / "ablations/README.md").read_text(encoding="utf-8")
    encoders = page.split("## The LLM as encoder")[1].split("## All experiments")[0]
    known = "worse: `start_random` (-0.50); better: `no_phase1` (+0.05)"
    assert f"On A, {known}; neither: `no_film` (+0.01), `no_kl` (-0.15)." in page
    assert "again in float32 (`float32`): A +0.02 [+0.01, +0.10], " in page and "no_film" not in encoders
    assert "not kept: `depth4*` A -0.15, D -0.15." in page, "held against the control of its type, in no list above"
    assert "| A | `rag_minilm_k` | 0.50 | 0.50 |" in page, "at 4 positions, and at 16 in the committed run"
    spread = ", ".join(f"0.30 to 0.90 on {group} (the committed run: 0.90)" for group in "AD")
    trainings = "3 trainings of the committed settings (2 seeds; 1 with the LLM in float32)"
    assert f"{trainings} give {spread}." in page
    parts, listed = page.split("## All experiments")
    assert "`four0`" in listed and "four0" not in parts, "asked other items, so that it is a change of no one part"
    assert "**Older than the code or settings beside them:** `no_film`." in page
    assert "| `p256_s2` | resampler.n_latents=4 | untrained | 0.02 | 0.02 |" in page
    assert "`icae` | 0.05 (-0.20 [-0.30, -0.10]) |" in encoders
    drawn = sorted(path.stem for path in folder.glob("ablations/plots/*.png") if path.stat().st_size > 10_000)
    assert drawn == ["changes", "compression", "windows"]


def test_without_experiments_it_says_what_to_run(tmp_path: Path, params: config.AdaMemConfig) -> None:
    with pytest.raises(ValueError, match="no experiment in it; run `make ablations`"):
        ablation_page.write(tmp_path, tmp_path / "tasks", params)
