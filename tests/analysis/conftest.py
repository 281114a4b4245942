"""Small made-up benchmark files in the layout of `reports/`; nothing like them is ever committed as a result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adamem import config
from adamem.analysis import report
from adamem.analysis.ablations import Row
from adamem.analysis.predictions import Prediction, Source
from adamem.analysis.provenance import Given, Provenance
from adamem.benchmarks import item
from adamem.benchmarks.item import Fact, Item
from adamem.evaluation import cost_report

Level = Mapping[str, float]
Writer = Callable[[Level], Path]


def _prediction(group: str, index: int, right: bool, counterfactual: bool) -> Prediction:
    score = float(right)
    facts = score if group == "C" else None
    return Prediction(
        id=f"{group}-{'counterfactual' if counterfactual else 'test'}-{index:05d}",
        kind="capital",
        question=f"What is the capital of <country {index}>?",
        gold=("Lima", "the city of Lima"),
        prediction="Lima" if right else "Qui|to",
        em=score,
        f1=score,
        rouge_1=score,
        rouge_2=0.0,
        rouge_l=score,
        coverage=facts,
        contradictions=None if facts is None else 1 - facts,
        counterfactual=counterfactual,
        memory=(Source(document=3, text="capital:\n Lima", share=0.8),),
    )


def _write_cell(folder: Path, method: str, group: str, share: float, items: int) -> None:
    rows = [_prediction(group, index, index < share * items, False) for index in range(items)]
    rows += [_prediction(group, index, index < share * items / 2, True) for index in range(items // 2)]
    (folder / method).mkdir(parents=True, exist_ok=True)
    lines = "".join(row.model_dump_json() + "\n" for row in rows)
    (folder / method / f"{group}.jsonl").write_text(lines, encoding="utf-8")
    trained = 0 if method.startswith(("rag", "kvpress", "longllmlingua")) else 1_000
    taken = {"decoder_tokens": 300.0 if method.startswith("full") else 16.0, "trainable_parameters": trained}
    sums = {"method": method, "group": group, "n": items, **taken, "offline_bytes_per_token": 72.0}
    (folder / method / f"{group}.json").write_text(json.dumps(sums), encoding="utf-8")


def _item(name: str, group: str, index: int) -> Item:
    text = "capital: Lima"
    return Item(
        id=f"{group}-{name}-{index:05d}",
        group=group,
        kind="capital",
        context=text,
        documents=((0, len(text)),),
        question=f"What is the capital of <country {index}>?",
        target="Lima",
        references=("Lima", "the city of Lima"),
        gold=(0,),
        entities=(f"country:{index // 2}",),
        wording=0,
        lexical=True,
        source=f"{group}-test-{index:05d}" if name == "counterfactual" else None,
        facts=(Fact("capital", ("Lima",), ("Quito",)),) if group == "C" else (),
    )


def _write_curve(path: Path) -> None:
    points = [
        {"step": 0, "validation_loss": 4.0, "validation_em": 0.0},
        {"step": 1, "loss": 3.0},
        {"step": 2, "loss": 2.0, "validation_loss": 2.5, "validation_em": 0.5},
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    curve = {"stage": path.stem, "seconds": 90.0, "steps": points}
    path.write_text(json.dumps(curve), encoding="utf-8")


def made_up_cost(lengths: tuple[int, ...] = (512, 4096, 8192), cached: float = 0.1) -> dict[str, Any]:
    """Costs in the form of `reports/efficiency.json`: everything grows with the length but the kept memory's time."""
    rows = {}
    for length in lengths:
        seconds = dict.fromkeys(("full_cold", "adamem_cold", "rag_minilm_k", "rag_bm25_k"), length / 1000)
        seconds |= {
            "full_reused": 0.2,
            "encode": length / 8000,
            "resample": 0.01,
            "adamem_cached": cached,
            "limit": 0.1,
        }
        seconds |= {"adamem_decode": 0.02, "full_decode": 0.03, "adamem_batch": 1.0}
        rows[length] = {f"{way}_seconds": value for way, value in seconds.items()} | {
            "memory_bytes": length * 1000.0,
            "full_kv_bytes": length * 23_000.0,
            "adamem_kv_bytes": 700_000.0,
        }
    peaks = {"load_peak_bytes": 1e9, "full_cold_peak_bytes": 2e9}
    return cost_report.report(rows, peaks, 16, {"trainer_step_seconds": 1.0, "plain_trainer_step_seconds": 2.5})


SECONDS = {"download": 30.0, "phase2": 360.0}
UNKNOWN = Provenance({}, Given({}, {}), lambda paths: "")  # of a tree without locks


def _write(folder: Path, levels: Level) -> Path:
    for method, share in levels.items():
        items = 20 if method.startswith("full") else 40
        for group in config.GROUPS:
            _write_cell(folder / "benchmarks", method, group, share, items)
    for group in config.GROUPS:
        for name, items in (("test", 40), ("counterfactual", 20)):
            asked = [_item(name, group, index) for index in range(items)]
            item.write(folder / "tasks" / group / f"{name}.jsonl", asked)
    (folder / "efficiency.json").write_text(json.dumps(made_up_cost()), encoding="utf-8")
    for stage in ("phase1", "phase2"):
        _write_curve(folder / "training" / f"{stage}.json")
    return folder


@pytest.fixture
def reports(tmp_path: Path) -> Writer:
    """Write a `reports/` in which each method answers the given share of the items of every group."""
    return lambda levels: _write(tmp_path, levels)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Level], Path]:
    """The same into a folder of that name, for several of them."""
    return lambda name, levels: _write(tmp_path / name, levels)


@pytest.fixture(scope="session")
def levels() -> Level:
    """How well each method does where the targets are met."""
    return {
        "adamem": 0.9,
        "adamem_wrong_memory": 0.1,
        "icae": 0.5,
        "autocompressor": 0.4,
        "rag_minilm_k": 0.5,
        "rag_bm25_k": 0.6,
        "full_context_tuned": 1.0,
        "no_context_tuned": 0.0,
    }


@pytest.fixture(scope="session")
def params() -> config.AdaMemConfig:
    """The committed settings with fewer resamples."""
    settings = config.load(Path(__file__).parents[2] / "params.yaml")
    return settings.model_copy(update={"analysis": config.Analysis(resamples=1_000, examples=5)})


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory, params: config.AdaMemConfig, levels: Level) -> Path:
    """A whole report on answers that meet every target."""
    folder = _write(tmp_path_factory.mktemp("reports"), levels)
    report.write(folder, folder / "tasks", params, SECONDS, UNKNOWN)
    return folder


@pytest.fixture
def row() -> Callable[..., Row]:
    """A row of the table of ablations; with a name, it is about that experiment."""

    def made(name: str = "k4", **fields: object) -> Row:
        numbers = {"n": 200, "value": 0.3, "low": 0.2, "high": 0.4, "decoder_tokens": 4.0}
        gap = {"difference": -0.2, "difference_low": -0.3, "difference_high": -0.1}
        words = {"about": "K", "changes": "resampler.n_latents=4", "method": "adamem", "group": "A", "metric": "f1"}
        known = {"device": "cpu", "commit": "c" * 40, "settings": "s", "code": "c"}
        return Row.model_validate({"experiment": name, **words, **numbers, **gap, **known, **fields})

    return made
