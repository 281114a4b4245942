"""docs/experiments.md says of the H100 what reports/gpu holds, and of the plan what it plans."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from adamem import config, profile
from adamem.config import GROUPS
from adamem.planning import planned, shape
from adamem.planning.gpus import GPUS, UTILISATION
from adamem.planning.work import QUESTION
from tests.committed import as_committed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/experiments.md").read_text(encoding="utf-8").split("### What an H100 gave")[1].split("\n## ")[0]
ARMS = {
    "committed checkpoint": "landed",
    "as in `params.yaml` (200 steps of phase 2)": "steps200",
    "600 steps": "steps600",
    "600 steps, `training_seed: 1`": "steps600_seed1",
    "600 steps, `training_seed: 2`": "steps600_seed2",
    "1,200 steps of the selector instead of 400": "selector1200",
    "windows of two, 300 steps of 16 in phase 1, 600 in phase 2": "window2",
}
QWEN = {
    "vocab_size": 151936,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
}


def _measured(name: str) -> dict[str, Any]:
    return json.loads((ROOT / f"reports/gpu/{name}.json").read_text(encoding="utf-8"))


def _row(name: str) -> list[str]:
    [cells] = re.findall(rf"^\| {re.escape(name)} \| (.+) \|$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in cells.split("|")]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, planned.Planned]:
    place = tmp_path_factory.mktemp("plan")
    shutil.copy(ROOT / "params.yaml", place)
    profile.apply("gpu", place / "params.yaml", ROOT / "profiles")
    settings = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", **QWEN}
    (place / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    params = config.load(place / "params.yaml")
    return {plan.work.name: plan for plan in planned.all_of(params, shape.find(params.llm, place), QUESTION)}


@pytest.mark.parametrize(
    "name, said",
    [
        ("phase1", "phase 1"),
        ("phase2.selector", "phase 2, selector"),
        ("phase2", "phase 2"),
        ("phase3", "phase 3"),
    ],
)
def test_steps_and_memory_stand_beside_what_is_planned(name: str, said: str, plans: dict[str, planned.Planned]) -> None:
    plan, found = plans[name], _measured("profile")["trainings"][name.replace(".", "_")]
    steps, seconds = plan.work.optimiser.steps, found["step_seconds"]
    reckoned = plan.seconds(planned.Device(GPUS["h100"], UTILISATION)) / steps
    assert _row(said) == [
        f"{reckoned:.2f} s",
        f"{seconds:.2f} s",
        f"{plan.need.peak / 1e9:.1f} GB",
        f"{found['peak_bytes'] / 1e9:.1f} GB",
        f"{seconds * steps / 3600:.1f}",
    ]


@as_committed
def test_ratios_stand_beside_those_of_the_committed_run() -> None:
    here = json.loads((ROOT / "reports/efficiency.json").read_text(encoding="utf-8"))["ratios"]
    for name, there in _measured("efficiency")["ratios"].items():
        assert _row(f"`{name}`")[1:] == [f"{here[name]:.2f}", f"{there:.2f}"]


@pytest.mark.parametrize("said, name", ARMS.items())
def test_scores_are_those_of_the_trainings(said: str, name: str) -> None:
    quality = _measured("trainings")["arms"][name]["quality"]
    assert _row(said) == [f"{quality[group]['coverage' if group == 'C' else 'f1']:.2f}" for group in GROUPS]


@as_committed
def test_longer_trainings_are_those_of_the_evidence() -> None:
    evidence = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    section = evidence.split("## The same with longer trainings")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (longer|as committed) \| \d+ \| (.+) \|$", section, re.MULTILINE)
    score = {(method, said): [cell.split(" (") for cell in cells.split(" | ")] for method, said, cells in rows}
    [head] = re.findall(r"^\| method \| training \| seeds \| (.+) \|$", section, re.MULTILINE)
    columns = head.split(" | ")
    (a, spread), (b, _), (c, _), (d, _) = (score["adamem", "longer"][columns.index(group)] for group in GROUPS)
    slots, free = (
        [cells[0] for column, cells in zip(columns, score[method, "longer"], strict=True) if column in GROUPS]
        for method in ("autocompressor", "adamem_query_free")
    )
    full = [score["full_context_tuned", said][columns.index("C")][0] for said in ("longer", "as committed")]
    assert "{} on A, {} on B, {} on C and {} on D".format(*slots) in PAGE
    before = [score["autocompressor", "as committed"][columns.index(group)][0] for group in GROUPS]
    assert "({}, {}, {} and {} as committed, means of three trainings)".format(*before) in PAGE
    assert f"on C the memory holds {c} of the facts" in PAGE
    assert "({} instead of {})".format(*full) in PAGE
    assert f"to {free[2]} on C and {free[3]} on D, not far below what it has with it ({c}, {d})" in PAGE
    assert f"to {free[0]} on A and {free[1]} on B ({a}, {b})" in PAGE
    assert f"with the cached one, have {spread.rstrip(')')}" in PAGE


@as_committed
def test_the_verdict_on_retrieval_is_computed() -> None:
    longer, committed = (
        json.loads((ROOT / f"reports/{name}.json").read_text(encoding="utf-8"))["H2"]
        for name in ("evidence/hypotheses_longer", "hypotheses")
    )
    here, there = (
        next(effect for effect in one["effects"] if effect["against"] == "rag_minilm_tuned")
        for one in (longer, committed)
    )
    assert longer["verdict"] == "undecided" and min(here["trainings"]) > 0
    assert f"lead of H2 is {here['effect']:+.3f} F1 ({here['low']:+.3f} to {here['high']:+.3f}) on A" in PAGE
    spread = f"the standard deviation over trainings is {there['deviation']:.3f} there and {here['deviation']:.3f} here"
    assert f"({there['effect']:+.3f}; {spread})" in PAGE
