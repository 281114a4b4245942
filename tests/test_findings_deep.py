"""What the pages say of prompts in every layer is what the evidence says."""

from __future__ import annotations

import json
import re

import pytest

from adamem.analysis import deep
from tests.committed import EVIDENCE, as_committed, read

pytestmark = as_committed
SECTION = read(EVIDENCE, f"## {deep.TITLE}").split("\n## ")[0]


def row(*first: str, of: str = SECTION) -> list[str]:
    """The cells of the first line of the section's tables that begins so, or of a part of it."""
    begin = re.escape(f"| {' | '.join(first)} | ")
    [found, *_] = re.findall(rf"^{begin}(.+) \|$", of, re.MULTILINE)
    return found.split(" | ")


@pytest.mark.parametrize("place", ["README.md", "docs/findings.md"])
def test_what_prompts_in_every_layer_bring_is_what_the_evidence_says(place: str) -> None:
    gained, scores = row("`adamem`", "2"), row("`adamem`", deep.WITH, "2")
    found, leads = row("`rag_minilm_written`", "2"), row("`rag_minilm_written`", of=SECTION.split("| above |")[1])
    retrieval = row("`rag_minilm_written`", deep.WITH, "2")[0].split(" ")[0]
    means = [one.split(" ")[0] for one in scores]
    said = f"AdaMem has {means[0]} on A and {means[3]} on C with the committed steps"
    page = read(place, "**Prompts in every layer bring as much")
    assert said in page
    if place == "README.md":
        assert f"{gained[0]} and {gained[2]} above the same two seeds without" in page
        assert f"has {retrieval} on A with them: no lead there, either ({leads[0]}, two trainings of each)" in page
    else:
        assert "That is {} on A, {} on B, {} on C and {} on D above the same seeds without".format(*gained) in page
        assert f"with these vectors it has {retrieval}, and" in page
        assert "AdaMem is {} above it on A, {} on B, {} on C and {} on D (two trainings of".format(*leads) in page
        assert f"What it gains by them on A, {found[0]}, is not told from nothing" in page
        assert f"No name is missing in {means[1]} of the answers on A then" in page


def test_what_they_weigh_is_what_was_trained() -> None:
    weights = [
        json.loads(read(f"reports/ablations/answers/{name}/adamem/A.json"))["trainable_parameters"]
        for name in ("deep3", "seed3")
    ]
    assert f"{weights[0] - weights[1]:,} more trained weights" in read("docs/findings.md")
