"""Public sets through the pipeline: the tasks stage writes them, phase 2 trains on them, the benchmark scores them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML

from adamem import cli
from adamem.benchmarks import item
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from stages import benchmark, tasks
from tests import tiny
from tests.benchmarks.public import rows

FEW = {"steps": 2, "batch_size": 4, "accumulate": 1, "validate_every": 1, "validation_examples": 4}
SETS = {"A": ["hotpotqa", "musique"], "B": ["squad", "longbench_trec"], "C": ["govreport"], "D": ["narrativeqa"]}


def _group(names: list[str]) -> dict[str, Any]:
    source = {"kind": "public", "sets": [{"name": name, "path": "sets"} for name in names], "longer": "middle"}
    return {"source": source, "kinds": [], "train": 12, "validation": 4, "test": 4, "min_tokens": 1, "max_tokens": 48}


@pytest.fixture
def place(tmp_path: Path, llm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with settings, an LLM, a compressor after phase 1, and sets in their own formats."""
    monkeypatch.chdir(tmp_path)
    few = {"llm": {"dtype": "float32"}, "phase2": {"optimiser": FEW, "selector": FEW}}
    tree = tiny.settings(few).model_dump(mode="json")
    tree["benchmarks"] = {group: _group(names) for group, names in SETS.items()}
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(tree, file)
    shutil.copytree(llm_folder, "models/llm")
    made = {"hotpotqa": rows.hotpot, "musique": rows.musique, "squad": rows.squad}
    for name, rows_of in made.items():
        rows.json_lines(Path(f"sets/{name}/train.jsonl"), rows_of(90))
        rows.json_lines(Path(f"sets/{name}/dev.jsonl"), rows_of(6, start=500))
    for name, rows_of in {"govreport": rows.govreport, "narrativeqa": rows.narrativeqa}.items():
        for number, split in enumerate(("train", "validation", "test")):
            rows.parquet(Path(f"sets/{name}/{split}-00000.parquet"), rows_of(30, start=100 * number))
    classes = {"answers": ["City"], "all_classes": ["City", "Date"]}
    rows.json_lines(Path("sets/longbench/trec.jsonl"), rows.longbench(6, "trec", **classes))
    torch.manual_seed(0)
    params = tiny.settings(few)
    checkpoint.save(AdaMem(params.model, host.load("models/llm", params.llm)), Path("models/phase1"), params.model)
    return tmp_path


def _stage(main: Any, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["stage", *arguments])
        main()


@pytest.mark.slow
def test_tasks_phase_2_and_benchmark_take_public_sets_as_they_take_facts(place: Path) -> None:
    for group in SETS:
        _stage(tasks.main, group)
    groups = item.read_groups(Path("data/tasks"))
    assert [len(items) for items in (*groups.train, *groups.validation)] == [12] * 4 + [4] * 4
    assert item.read(Path("data/tasks/A/counterfactual.jsonl")) == []

    cli.train(["--phase", "2", "--output_dir", "models/phase2"])
    _stage(benchmark.main, "adamem")
    for group, names in SETS.items():
        summary = json.loads(Path(f"reports/benchmarks/adamem/{group}.json").read_text(encoding="utf-8"))
        answers = Path(f"reports/benchmarks/adamem/{group}.jsonl").read_text(encoding="utf-8").splitlines()
        assert summary["n"] == 4 and summary["counterfactual"] is None
        assert {json.loads(line)["kind"] for line in answers} == set(names)
        assert summary["quality"]["official"] == sum(json.loads(line)["official"] for line in answers) / 4
