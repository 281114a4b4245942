"""The README says what the reports say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
JUDGED = json.loads((ROOT / "reports/hypotheses.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", JUDGED)
def test_a_verdict_stands_there_with_its_numbers(name: str) -> None:
    one = JUDGED[name]
    [cells] = re.findall(rf"^\| {name} \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    verdict, comparison, trainings = cells
    assert (verdict, trainings) == (one["verdict"], str(one["seeds"]))
    numbers = f"{one['effect']:+.3f} {one['metric']} ({one['low']:+.3f} to {one['high']:+.3f})"
    assert comparison.startswith(f"{one['group']}: {numbers} ")
    assert comparison.endswith(f"`{one['against']}`")


def test_the_limit_on_questions_that_people_wrote_has_the_numbers_of_the_page() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8").split("## Questions that people wrote")[1]
    cells = {
        name: re.findall(rf"^\| `{name}` \| ([^|]+) \|", page, re.MULTILINE)[0] for name in ("adamem", "rag_minilm_k")
    }
    assert f"{cells['adamem']} of the names and values, plain retrieval {cells['rag_minilm_k']}" in PAGE


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", PAGE)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
