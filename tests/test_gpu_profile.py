"""The gpu profile's graph from FineWeb to the page, at toy size and on stand-ins in the true formats: a tiny random
Qwen2 in the hub's own files, and parquet files in FineWeb's schema. Facts and sentence embedder are the real ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import cloned, hub_folder
from tests.cloned import ROOT, run
from tests.data import web

SMALL: dict[str, Any] = {  # what the smoke profile leaves as large as the gpu profile has it
    "llm": {"source": {"kind": "folder", "path": "standins/qwen2"}},
    "data": {
        "corpus": {"path": "standins/fineweb", "max_documents": 500},
        "tokens": {"shard_tokens": 20_000, "validation": 0.2},
    },
    "chunk_encoder": {"hidden": 32, "heads": 2},
    "resampler": {"hidden": 32, "heads": 2},
    "phase1": {"optimiser": {"accumulate": 2}},
    "phase3": {"unfrozen_layers": 1},
    "baselines": {
        "icae": {"encoder": {"hidden": 32, "heads": 2}},
        "autocompressor": {"encoder": {"hidden": 32, "heads": 2}},
        "rag": {"chunk_tokens": [0, 128]},
    },
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the profile and the stand-ins; wheels that are here already are not fetched again."""
    place = cloned.make(tmp_path_factory.mktemp("gpu") / "adamem")
    answers = [path.read_text(encoding="utf-8") for path in sorted(place.glob("reports/benchmarks/adamem/*.jsonl"))]
    hub_folder.write(place / "standins/qwen2", answers, 4096)
    pages = [part for path in sorted(place.glob("**/*.md")) for part in path.read_text(encoding="utf-8").split("\n## ")]
    web.write(place / "standins/fineweb", [web.table(pages[::2], 0), web.table(pages[1::2], 1)])
    if (ROOT / "data/raw/wheels").is_dir():
        shutil.copytree(ROOT / "data/raw/wheels", place / "data/raw/wheels")
    shutil.rmtree(place / "reports")
    small: dict[str, Any] = {}
    for overlay in (read(place / "profiles/gpu.yaml"), read(place / "profiles/smoke.yaml"), SMALL):
        small = merged(small, overlay)
    with (place / "profiles/small.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(small, file)
    return place


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def merged(tree: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The tree with a change laid on it; another kind replaces a section."""
    new = dict(tree)
    for key, value in change.items():
        inside = isinstance(value, dict) and isinstance(tree.get(key), dict)
        same = inside and value.get("kind", tree[key].get("kind")) == tree[key].get("kind")
        new[key] = merged(tree[key], value) if same else value
    return new


@pytest.mark.slow
def test_the_graph_runs_from_fineweb_to_the_page(clone: Path) -> None:
    """And DVC can plan the profile at its own size where one has run before."""
    run(clone, "python", "-m", "adamem.profile", "small")
    run(clone, "python", "-m", "tests.rehearsal")
    cloned.check_reports(clone)
    params = read(clone / "params.yaml")
    assert (params["chunk_encoder"]["chunk_size"], params["chunk_encoder"]["summary_states"]) == (256, 64)
    assert params["phase1"]["teacher"]["kind"] == "on_the_fly" and params["devices"]["precision"] == "bf16"
    rows = json.loads((clone / "data/tokens/manifest.json").read_text(encoding="utf-8"))["rows"]
    assert rows["kept"] > 20
    settings = json.loads((clone / "models/llm/config.json").read_text(encoding="utf-8"))
    assert settings["architectures"] == ["Qwen2ForCausalLM"]
    run(clone, "python", "-m", "adamem.profile", "gpu")
    planned = run(clone, "dvc", "repro", "--dry")
    assert "python -m stages.phase3" in planned and "python -m stages.benchmark adamem" in planned
