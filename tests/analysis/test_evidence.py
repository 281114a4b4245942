"""The hypotheses weighed with the arms of both graphs: an arm that only the evidence has can overturn a verdict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, evidence, peers
from adamem.analysis.ablations import Row
from adamem.analysis.methods import STYLES
from adamem.baselines import catalogue
from tests.analysis.conftest import UNKNOWN
from tests.analysis.weighed import ARMS, Level, Writer, weigh

RowWriter = Callable[..., Row]


def test_peers_are_compared_over_all_trainings_of_ours(
    reports: Writer,
    write: Callable[[str, Level], Path],
    levels: Level,
    params: config.AdaMemConfig,
    row: RowWriter,
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), "longllmlingua_k": 0.5})
    shutil.move(write("again", {"adamem": 0.7}) / "benchmarks", folder / "ablations/answers/seed1")
    ablations.write(folder / "ablations/ablations.csv", [row("seed1", about=ablations.SEED, changes="training_seed=1")])
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    assert "| `longllmlingua_k` | +0.40 [" not in page, "of the committed training alone"
    assert "over its 2 trainings and items" in page
    assert "`adamem` over its 2 trainings, with the lowest and the highest: A 0.80 (0.70 to 0.90)" in page


@pytest.mark.parametrize(("level", "verdict"), [(0.5, "supported"), (0.9, "undecided"), (1.0, "not supported")])
def test_an_arm_of_the_evidence_decides_with_the_others(
    reports: Writer, levels: Level, params: config.AdaMemConfig, level: float, verdict: str
) -> None:
    folder = reports({**levels, "adamem": 0.7 if level == 1.0 else 0.9, **dict.fromkeys(ARMS, level)})
    found = weigh(folder, params)
    assert (found["H1"]["verdict"], found["H2"]["verdict"]) == (verdict, verdict)
    against = {name: found[name]["against"] for name in ("H1", "H2")}
    assert level == 0.5 or against == {"H1": "adamem_query_free", "H2": "rag_minilm_tuned"}
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    assert f"**{verdict}**" in page
    assert all(f"`{arm}`" in page for arm in ARMS)
    for plot in ("quality", "needle", "lengths", "losses"):
        assert (folder / f"evidence/plots/{plot}.png").stat().st_size > 10_000


def test_peers_stand_in_a_table_of_what_they_know_and_keep(
    reports: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    folder = reports({**levels, "adamem_query_free": 0.5, "kvpress_snapkv": 0.5, "kvpress_expected_attention": 0.0})
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    rows = [line for line in page.split("## Compressors that others wrote")[1].splitlines() if line.startswith("|")]
    assert any(row.startswith("| `kvpress_snapkv` | yes | no: ") for row in rows)
    assert any(row.startswith("| `kvpress_expected_attention` | no | yes: ") for row in rows)
    assert any(row.startswith("| `kvpress_expected_attention` | +0.90 [") for row in rows)
    assert "| `kvpress_snapkv` | 2.00 (4.0) |" in rows
    assert not any("longllmlingua" in row for row in rows)


@pytest.mark.parametrize("content", ["", "{}", '{"steps": []}', '{"steps": [{"step": 512, "limit_seconds": 1.0}]}'])
def test_costs_of_peers_that_are_not_there_are_named_with_the_stage(tmp_path: Path, content: str) -> None:
    (tmp_path / "peer_costs.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"peer_costs\.json: no measured costs there .* run stage `peer_costs`"):
        peers.cost_table(tmp_path / "peer_costs.json")


def test_every_peer_of_the_catalogue_has_its_line_and_its_look() -> None:
    assert set(catalogue.PEERS) == set(peers.TRAITS) - {"adamem"}
    assert set(catalogue.PEERS) <= set(STYLES)


def test_a_training_by_older_code_has_no_say(
    reports: Writer, levels: Level, params: config.AdaMemConfig, row: RowWriter
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5)})
    shutil.copytree(folder / "benchmarks", folder / "ablations/answers/seed1")
    for stale, seeds in ((False, 2), (True, 1)):
        rows = [
            row("seed1", about=ablations.SEED, changes="training_seed=1", method=method, stale=stale)
            for method in (*levels, *ARMS)
        ]
        ablations.write(folder / "ablations/ablations.csv", rows)
        assert weigh(folder, params)["H1"]["seeds"] == seeds


def test_the_committed_run_counts_once_also_with_another_seed(
    reports: Writer, levels: Level, params: config.AdaMemConfig, row: RowWriter
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5)})
    shutil.copytree(folder / "benchmarks", folder / "ablations/answers/seed1")
    rows = [row("seed1", about=ablations.SEED, changes="training_seed=1", method=method) for method in (*levels, *ARMS)]
    ablations.write(folder / "ablations/ablations.csv", rows)
    with pytest.raises(ValueError, match="two trainings with seed 1: one of them is another's copy"):
        weigh(folder, params.model_copy(update={"training_seed": 1}))


@pytest.mark.parametrize("cut", ["needle.json", "fanout.json", "peer_costs.json"])
def test_nothing_is_written_where_something_cannot_be_read(
    reports: Writer, levels: Level, params: config.AdaMemConfig, cut: str
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5)})
    weigh(folder, params)
    (folder / "evidence" / cut).write_text("[", encoding="utf-8")
    (folder / "hypotheses.json").write_text("as it was", encoding="utf-8")
    with pytest.raises(ValueError, match=cut):
        evidence.write(folder, folder / "tasks", params, UNKNOWN)
    assert (folder / "hypotheses.json").read_text(encoding="utf-8") == "as it was"


@pytest.mark.parametrize(("stale", "verdicts"), [(False, ["supported"]), (True, [])])
def test_longer_trainings_stand_apart_and_stale_ones_have_no_say(
    reports: Writer,
    write: Callable[[str, Level], Path],
    levels: Level,
    params: config.AdaMemConfig,
    row: RowWriter,
    stale: bool,
    verdicts: list[str],
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.9)})
    scored = {**levels, **dict.fromkeys(ARMS, 0.5)}
    shutil.move(write("better", scored) / "benchmarks", folder / "ablations/answers/longer0")
    rows = [row("longer0", about=ablations.LONGER, method=method, stale=stale) for method in scored]
    ablations.write(folder / "ablations/ablations.csv", rows)
    assert weigh(folder, params)["H2"]["verdict"] == "undecided"
    apart = json.loads((folder / "evidence/hypotheses_longer.json").read_text(encoding="utf-8"))
    assert [one["verdict"] for name, one in apart.items() if name == "H2"] == verdicts
    page = (folder / "evidence/README.md").read_text(encoding="utf-8").split("## The same with longer trainings")[1]
    assert ("Out of date" in page) == stale
    assert (folder / "evidence/plots/longer.png").is_file() != stale


def test_the_larger_part_of_what_is_missing_is_named(
    reports: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    gold = dict.fromkeys(("adamem_gold", "adamem_gold_windows", "full_context_tuned_gold"), 1.0)
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), **gold, "adamem": 0.5})
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    assert "| selecting | `adamem_gold_windows` - `adamem` | 0.50 | 0.50 | 0.50 | 0.50 |" in page
    assert "| packing and reading | 1 - `adamem_gold_windows` | 0.00 | 0.00 | 0.00 | 0.00 |" in page
    assert "The larger part: selecting on A, B, C, D." in page


def test_weights_that_are_lent_count(reports: Writer, levels: Level, params: config.AdaMemConfig) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), "longllmlingua_k_tuned": 0.5})
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    quality = page.split("## Every method on every group")[1]
    table = [[cell.strip() for cell in line.split("|")] for line in quality.splitlines()]
    [head] = [line.split("|") for line in quality.splitlines() if "trained weights" in line]
    column = [cell.strip() for cell in head].index("trained weights")
    cells = {row[1]: row[column] for row in table if len(row) == len(head)}
    own, lent = (int(cells[f"`{name}`"].replace(",", "")) for name in ("full_context_tuned", "longllmlingua_k_tuned"))
    assert lent == own > 0


def test_without_the_evidence_it_says_what_to_run(reports: Writer, levels: Level, params: config.AdaMemConfig) -> None:
    with pytest.raises(ValueError, match=r"evidence/benchmarks: no METHOD/GROUP\.json below it"):
        weigh(reports(levels), params)
