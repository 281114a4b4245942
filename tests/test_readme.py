"""The README says what the reports say."""

from __future__ import annotations

import json
import re

import pytest

from tests.committed import EVIDENCE, ROOT, as_committed, leads_of_h2, read

pytestmark = as_committed
PAGE = read("README.md")
VERDICTS = {
    "": "reports/hypotheses.json",
    ", longer training": "reports/evidence/hypotheses_longer.json",
    ", fresh items": "reports/evidence/hypotheses_fresh.json",
}
JUDGED = {f"{name}{row}": one for row, file in VERDICTS.items() for name, one in json.loads(read(file)).items()}


@pytest.mark.parametrize("name", JUDGED)
def test_a_verdict_stands_there_with_its_numbers(name: str) -> None:
    one = JUDGED[name]
    [cells] = re.findall(rf"^\| {name} \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    verdict, comparison, trainings = cells
    assert (verdict, trainings) == (one["verdict"], str(one["seeds"]))
    numbers = f"{one['effect']:+.3f} {one['metric']} ({one['low']:+.3f} to {one['high']:+.3f})"
    assert comparison.startswith(f"{one['group']}: {numbers} ")
    assert comparison.endswith(f"`{one['against']}`")


def test_the_scores_are_means_over_the_trainings() -> None:
    page = read(EVIDENCE)
    shown = dict(re.findall(r"^\| `(\w+)`[^|]* \| (\S+ → .+) \|$", PAGE, re.MULTILINE))
    arms = ["adamem", "adamem_query_free", "rag_minilm_tuned", "rag_minilm_written", "full_context_tuned"]
    assert list(shown) == arms
    for method, cells in shown.items():
        scores = []
        for length in ("as committed", "longer"):
            [row] = re.findall(rf"^\| `{method}` \| {length} \| [345] \| (.+) \|$", page, re.MULTILINE)
            means = [cell.split(" ")[0] for cell in row.split(" | ")]
            scores.append([means[0], *means[2:]])  # the second is STR-HIT on A
        assert cells == " | ".join(f"{before} → {after}" for before, after in zip(*scores, strict=True))


def test_no_verdict_stands_there_that_no_file_holds() -> None:
    assert re.findall(r"^\| (H\d[^|]*) \|", PAGE, re.MULTILINE) == list(JUDGED)


def test_little_is_gained_by_the_question_on_c_and_d() -> None:
    page = read(EVIDENCE, "## The same with longer")
    row = re.findall(
        r"^\| H1 \| `adamem_query_free` \| [^|]+\[[^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE
    )
    assert "little once both are trained longer ({} and {})".format(*row[0]) in PAGE


def test_what_is_left_of_the_lead_over_written_vectors_is_what_the_evidence_says() -> None:
    page = read(EVIDENCE, "## The same with longer")
    gaps = leads_of_h2(page, "rag_minilm_written")
    score = re.findall(r"^\| `rag_minilm_written` \| longer \| \d \| (\S+) ", page, re.MULTILINE)[0]
    assert f"comes to {score} on A, and AdaMem is {gaps[0]} above it; on B it is {gaps[1]}, on C {gaps[2]}," in PAGE


def test_whole_answers_of_tuned_retrieval_stand_beside_those_of_adamem() -> None:
    page, theirs = read(EVIDENCE), []
    for length in ("as committed", "longer"):
        theirs += re.findall(rf"^\| `rag_minilm_tuned` \| {length} \| 5 \| [^|]+ \| (\S+) ", page, re.MULTILINE)
    assert "For tuned retrieval it is {} and {}.".format(*theirs) in PAGE


def test_costs_are_those_of_the_reports() -> None:
    cost = json.loads(read("reports/efficiency.json"))
    sizes = [cost["lengths"]["4096"][key] for key in ("memory_bytes", "full_kv_bytes")]
    assert f"takes {sizes[0] / 4096:,.0f} bytes a token here, a tenth of what keys and values take" in PAGE
    assert round(sizes[1] / sizes[0]) == 10
    short = cost["lengths"]["512"]
    times = [cost["ratios"]["ttft_full_over_cached_4096"], short["full_cold_seconds"] / short["adamem_cached_seconds"]]
    assert "comes {:.1f} times sooner at 4,096 tokens, and {:.1f} times at 512".format(*times) in PAGE
    [minutes] = re.findall(r"\*\*sum\*\* \| \*\*([\d.]+)", read("reports/minutes.md"))
    assert f"with AMX: `make run` {float(minutes):.0f} minutes" in PAGE


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", PAGE)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
