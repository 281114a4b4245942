"""docs/design.md lists what it, docs/findings.md and TODO.md cite."""

from __future__ import annotations

import re

import pytest

from tests.committed import ROOT, read

FINDINGS, TODO = read("docs/findings.md"), read("TODO.md")
PROSE, SOURCES = read("docs/design.md").split("## Sources")
NAME = r"[A-ZÉ][\w-]+"
CITED = re.compile(rf"(?<!\w)({NAME})(?: et al\.| and {NAME})?,? ((?:19|20)\d\d[ab]?)\b")


@pytest.mark.parametrize("text", [PROSE + FINDINGS, TODO], ids=["design", "todo"])
def test_every_cited_paper_is_listed(text: str) -> None:
    listed = {(line.split()[1].strip(","), year) for line, year in _entries()}
    cited = set(CITED.findall(text))
    assert len(cited) >= 8
    assert cited <= listed, f"not among the sources: {sorted(cited - listed)}"


def test_every_listed_paper_is_cited() -> None:
    missing = [line for line, year in _entries() if not re.search(_mention(line, year), PROSE + FINDINGS + TODO)]
    assert not missing


@pytest.mark.parametrize("name", ["docs/design.md", "docs/findings.md", "TODO.md"])
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
