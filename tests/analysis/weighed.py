"""A `reports/` with everything that `make evidence` leaves below it, weighed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from adamem import config
from adamem.analysis import evidence
from tests.analysis.conftest import UNKNOWN

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
ARMS = ("adamem_query_free", "rag_minilm_tuned", "adamem_query_only")


def weigh(folder: Path, params: config.AdaMemConfig) -> dict[str, dict[str, object]]:
    """Move the arms that the default graph does not have to where `make evidence` puts them, and weigh."""
    for arm in ARMS:
        if (made := folder / "benchmarks" / arm).is_dir():
            shutil.move(made, folder / "evidence" / "benchmarks" / arm)
    cells = [
        (method, length, depth) for method in ("adamem", "rag_minilm_k") for length in (512, 1024) for depth in (0, 1)
    ]
    rows = [{"method": m, "length": n, "depth": d, "n": 3, "em": 0.0, "f1": 0.5} for m, n, d in cells]
    (folder / "evidence").mkdir(exist_ok=True)
    shutil.copytree(folder / "training", folder / "evidence/training", dirs_exist_ok=True)
    (folder / "evidence/needle.json").write_text(json.dumps(rows), encoding="utf-8")
    one = dict.fromkeys(("coverage", "rouge_1", "rouge_2", "rouge_l"), 0.5)
    asked = [{"method": "adamem", "n": 2, **one, "items": {"a": one, "b": one}}]
    (folder / "evidence/fanout.json").write_text(json.dumps(asked), encoding="utf-8")
    costs = {"steps": [{"step": 512, "adamem_cached_seconds": 0.5, "kvpress_snapkv_seconds": 2.0}]}
    (folder / "evidence/peer_costs.json").write_text(json.dumps(costs), encoding="utf-8")
    evidence.write(folder, folder / "tasks", params, UNKNOWN)
    return json.loads((folder / "hypotheses.json").read_text(encoding="utf-8"))
