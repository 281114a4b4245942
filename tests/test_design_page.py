"""docs/design.md and TODO.md say what the reports say, and cite what they list."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.committed import as_committed

ROOT = Path(__file__).parents[1]
DESIGN = (ROOT / "docs/design.md").read_text(encoding="utf-8")
TODO = (ROOT / "TODO.md").read_text(encoding="utf-8")
PROSE, SOURCES = DESIGN.split("## Sources")
NAME = r"[A-ZÉ][\w-]+"
CITED = re.compile(rf"(?<!\w)({NAME})(?: et al\.| and {NAME})?,? ((?:19|20)\d\d[ab]?)\b")


def verdicts(path: str) -> dict[str, str]:
    return {name: found["verdict"] for name, found in json.loads((ROOT / path).read_text(encoding="utf-8")).items()}


@as_committed
def test_the_verdicts_are_those_of_the_reports() -> None:
    rows = re.findall(r"^\| (H\d) \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", DESIGN, re.MULTILINE)
    for column, path in enumerate(("hypotheses_default", "hypotheses", "evidence/hypotheses_longer"), 1):
        assert {row[0]: row[column] for row in rows} == verdicts(f"reports/{path}.json")


@as_committed
def test_what_the_selector_finds_scores_as_text_what_the_tables_say() -> None:
    with (ROOT / "reports/evidence/tables/quality.csv").open(encoding="utf-8") as file:
        scores = {row["method"]: f"{float(row['value']):.2f}" for row in csv.DictReader(file) if row["group"] == "A"}
    assert scores["rag_selector_tuned"] == scores["rag_minilm_tuned"]
    ranked = f"ranks first have {scores['rag_selector_tuned']} on A, as many as MiniLM's"
    assert f"{ranked}, and the very windows that it picks {scores['picks_as_text_tuned']}" in DESIGN
    assert f"where its memory tokens have {scores['adamem']} (committed run" in DESIGN
    with (ROOT / "reports/ablations/ablations.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["experiment"], row["group"]) == ("lead1", "A")]
    longer = {row["method"]: f"{float(row['value']):.2f}" for row in rows}
    order = ("rag_selector_tuned", "picks_as_text_tuned", "adamem")
    assert "(`lead1`) they have {}, {} and {}.".format(*(longer[name] for name in order)) in DESIGN


@pytest.mark.parametrize("text", [PROSE, TODO], ids=["design", "todo"])
def test_every_cited_paper_is_listed(text: str) -> None:
    listed = {(line.split()[1].strip(","), year) for line, year in _entries()}
    cited = set(CITED.findall(text))
    assert len(cited) >= 8
    assert cited <= listed, f"not among the sources: {sorted(cited - listed)}"


def test_every_listed_paper_is_cited() -> None:
    missing = [line for line, year in _entries() if not re.search(_mention(line, year), PROSE + TODO)]
    assert not missing


@pytest.mark.parametrize("name", ["docs/design.md", "TODO.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert targets
    assert not [target for target in targets if not (page.parent / target).exists()]


def _entries() -> list[tuple[str, str]]:
    entries = [line for line in SOURCES.splitlines() if line.startswith("- ")]
    return [(line, re.findall(r"\b(?:19|20)\d\d[ab]?(?=\.)", line)[0]) for line in entries]


def _mention(line: str, year: str) -> str:
    """An author's name, and the year after at most some words and other years."""
    return rf"{line.split()[1].strip(',')}[^()]{{0,40}}{year}"
