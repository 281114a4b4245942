"""The reports in git come from the code and the settings beside them: DVC would run nothing but `record`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cloned import run
from tests.committed import as_committed

ROOT = Path(__file__).parents[1]


@as_committed
@pytest.mark.parametrize(
    "graph", ["dvc.yaml", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("stages/*/dvc.yaml"))]
)
def test_every_stage_is_up_to_date(graph: str) -> None:
    said = run(ROOT, "dvc", "repro", "--dry", "--allow-missing", graph, check=False)
    assert set(re.findall(r"Running stage '(.+)'", said)) <= {"record"}, f"run `dvc repro` again, then commit\n{said}"
    assert "ERROR" not in said
