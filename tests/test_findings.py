"""docs/findings.md says what the reports say, and so does the README where it has the same."""

from __future__ import annotations

import json
import re
from statistics import fmean

import pytest

from tests.committed import EVIDENCE, as_committed, interval_of, read, rows_of, score_on_a

pytestmark = as_committed
FINDINGS = read("docs/findings.md")
GAP = ("difference", "difference_low", "difference_high")
VERDICTS = ("hypotheses_default", "hypotheses", "evidence/hypotheses_longer", "evidence/hypotheses_fresh")
BOTH = pytest.mark.parametrize("place", ["README.md", "docs/findings.md"])


def test_the_verdicts_are_those_of_the_reports() -> None:
    columns = r"\| ([^|]+) " * len(VERDICTS)
    rows = re.findall(rf"^\| (H\d) \| [^|]+ {columns}\|$", FINDINGS, re.MULTILINE)
    for column, path in enumerate(VERDICTS, 1):
        judged = json.loads(read(f"reports/{path}.json"))
        said = {row[0]: row[column] for row in rows if row[column] != "not asked"}
        assert said == {name: one["verdict"] for name, one in judged.items()}


@BOTH
def test_the_limit_on_questions_that_people_wrote_has_the_numbers_of_the_page(place: str) -> None:
    page = read(EVIDENCE, "## Questions that people wrote")
    cells = {
        name: re.findall(rf"^\| `{name}` \| ([^|]+) \|", page, re.MULTILINE)[0] for name in ("adamem", "rag_minilm_k")
    }
    assert f"{cells['adamem']} of the names and values, plain retrieval {cells['rag_minilm_k']}" in read(place)
    assert page.rstrip().endswith("not told apart from `adamem_query_free`.")


def test_what_others_and_told_windows_score_is_in_the_tables() -> None:
    evidence = read(EVIDENCE)
    [peer] = re.findall(r"^\| `longllmlingua_k_tuned` \| ([+].+?) \|", evidence, re.MULTILINE)
    assert f"is {peer.replace('+', '')} F1 behind AdaMem on A" in FINDINGS
    told = [rows_of("evidence/tables/comparisons.csv", group=group, b="adamem_gold_windows")[0] for group in "AC"]
    more = [interval_of(row, "difference", "low", "high", -1) for row in told]
    assert f"scores {more[0]} F1 more on A and {more[1]} coverage more on C" in FINDINGS
    told = [rows_of("evidence/tables/quality.csv", group=group, method="adamem_gold_windows")[0] for group in "AC"]
    scores = [interval_of(row, "value", "low", "high", 1) for row in told]
    assert f"comes to {scores[0]} on A and {scores[1]} on C" in FINDINGS


@BOTH
def test_what_a_random_start_and_windows_cost_is_in_the_ablations(place: str) -> None:
    [random] = rows_of("ablations/ablations.csv", experiment="start_random", group="A")
    assert f"{interval_of(random, *GAP, -1)} F1 less on A" in read(place)
    [window] = rows_of("ablations/ablations.csv", experiment="window2", group="A")
    [committed] = rows_of("tables/quality.csv", method="adamem", group="A")
    scores = f"windows of two give {float(window['value']):.2f} instead of {float(committed['value']):.2f} F1 on A"
    assert f"{scores}, −{interval_of(window, *GAP, -1, '−')}" in read(place)


@BOTH
def test_partial_credit_is_told_from_whole_answers(place: str) -> None:
    page = read(EVIDENCE)
    [one] = re.findall(r"one right name and nothing else has F1 ([\d.]+),", page)
    f1, whole = zip(
        *(
            re.findall(rf"^\| `adamem` \| {length} \| 5 \| (\S+) [^|]+ \| (\S+) ", page, re.MULTILINE)[0]
            for length in ("as committed", "longer")
        ),
        strict=True,
    )
    assert f"nothing else has {one}, AdaMem {f1[0]}, and {f1[1]} with longer training." in read(place)
    assert f"missing in {whole[0]} of its answers, and in {whole[1]} with longer training." in read(place)


def test_the_committed_run_is_the_best_of_one_and_the_worst_of_the_other() -> None:
    page = read(EVIDENCE)
    for method, end in (("adamem", 1), ("rag_minilm_tuned", 0)):
        [ends] = re.findall(rf"^\| `{method}` \| as committed \| 5 \| \S+ \((\S+) to (\S+)\)", page, re.MULTILINE)
        [row] = rows_of("evidence/tables/quality.csv", group="A", method=method)
        assert f"{float(row['value']):.2f}" == ends[end]
    assert "AdaMem has its best training of five on A and tuned retrieval its lowest" in FINDINGS


def test_what_permuted_values_cost_is_what_the_pages_say() -> None:
    page = read(EVIDENCE, "## Values that nobody knows")
    [b] = re.findall(r"^\| `adamem` \| 5 \| [^|]+ \| (\S+ \S+ \S+) \|", page, re.MULTILINE)
    lost, low, high = (abs(float(number)) for number in re.findall(r"[-+][\d.]+", b))
    assert f"AdaMem loses {lost:.2f} [{high:.2f}, {low:.2f}] F1 on B over five trainings" in FINDINGS
    [row] = rows_of("tables/counterfactual.csv", method="adamem", group="B")
    assert f"with the committed run alone {-float(row['difference']):.2f}." in FINDINGS


@BOTH
def test_the_limit_on_longer_texts_has_the_numbers_of_the_needle_test(place: str) -> None:
    needles = json.loads(read("reports/evidence/needle.json"))
    ours = {
        length: [one for one in needles if (one["method"], one["length"]) == ("adamem", length)]
        for length in (512, 8192)
    }
    assert all(sum(one["n"] for one in found) == 10 for found in ours.values())
    page = read(EVIDENCE)
    [(first, last)] = re.findall(r"interval: `adamem` (\S+ \S+ \S+) and (\S+ \S+ \S+), ", page)
    assert f"(AdaMem {first} F1 at 512 tokens and {last} at 8,192," in read(place)


@BOTH
def test_the_committed_seed_stands_among_the_others(place: str) -> None:
    rows = rows_of("ablations/ablations.csv", about="training seed", method="adamem", group="A")
    rows += rows_of("tables/quality.csv", method="adamem", group="A")
    scores = [float(row["value"]) for row in rows]
    assert len(scores) == 5 and max(scores) == scores[-1]
    spread = f"{min(scores):.2f} to {max(scores):.2f}, mean {fmean(scores):.2f}"
    assert f"luckiest of five training seeds on A ({spread}:" in read(place)


def test_longer_training_scores_what_the_evidence_says() -> None:
    evidence = read(EVIDENCE)
    [row] = re.findall(r"^\| `adamem` \| longer \| \d+ \| (.+) \|$", evidence, re.MULTILINE)
    a, _, _, c, _ = (re.findall(r"[\d.]+", cell) for cell in row.split(" | "))
    assert f"({a[0]} and {c[0]}, means of five trainings of {a[1]} to {a[2]} and {c[1]} to {c[2]}:" in FINDINGS


def test_costs_are_those_of_the_reports() -> None:
    cost = json.loads(read("reports/efficiency.json"))
    rows = {int(length): row for length, row in cost["lengths"].items()}
    sizes = [rows[4096][key] / 4096 for key in ("memory_bytes", "full_kv_bytes")]
    largest = json.loads(read("reports/scale/tokenize.json"))["measured"][-1]
    characters = largest["megabytes"] * 1e6 / largest["tokens"]
    beside = f"the text's token ids take 2 (its characters about {characters:.0f})"
    assert f"takes {sizes[0]:,.0f} bytes a token here, where {beside} and keys and values {sizes[1]:,.0f}" in FINDINGS
    assert f"{cost['ratios']['ttft_full_over_cached_4096']:.1f} times to the first token at 4,096 tokens" in FINDINGS
    page = read("reports/README.md")
    whole = re.findall(r"^\| later query, all 8 tokens \| `full_cold` ÷ `adamem_cached` \|(.+)\|$", page, re.MULTILINE)
    assert f", {float(whole[0].split('|')[3]):.1f} times to the last of an answer of eight." in FINDINGS
    slower = [length for length, row in rows.items() if row["adamem_cached_seconds"] > row["full_reused_seconds"]]
    faster = [length for length in rows if length not in slower]
    assert f"slower up to {max(slower):,} tokens and faster from {min(faster):,} on" in FINDINGS
    assert all(row["rag_bm25_k_seconds"] < row["adamem_cached_seconds"] for row in rows.values())


@BOTH
def test_scores_on_the_other_draw_are_those_of_the_evidence(place: str) -> None:
    page = read(EVIDENCE, "## On another draw")
    ours, theirs = (score_on_a(page, name, "fresh", "3") for name in ("adamem", "rag_minilm_tuned"))
    assert f"AdaMem has {ours} on A, tuned retrieval {theirs}." in read(place)
