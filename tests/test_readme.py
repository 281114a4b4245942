"""The README says what the reports say."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from statistics import fmean

import pytest

from tests.committed import as_committed

pytestmark = as_committed
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
GAP = ("difference", "difference_low", "difference_high")
VERDICTS = {
    "": "reports/hypotheses.json",
    ", longer training": "reports/evidence/hypotheses_longer.json",
    ", fresh items": "reports/evidence/hypotheses_fresh.json",
}
JUDGED = {
    f"{name}{row}": one
    for row, file in VERDICTS.items()
    for name, one in json.loads((ROOT / file).read_text(encoding="utf-8")).items()
}


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
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)`[^|]* \| (\S+ → .+) \|$", PAGE, re.MULTILINE))
    assert list(shown) == ["adamem", "adamem_query_free", "rag_minilm_tuned", "full_context_tuned"]
    for method, cells in shown.items():
        scores = []
        for length in ("as committed", "longer"):
            [row] = re.findall(rf"^\| `{method}` \| {length} \| [345] \| (.+) \|$", page, re.MULTILINE)
            means = [cell.split(" ")[0] for cell in row.split(" | ")]
            scores.append([means[0], *means[2:]])  # the second is STR-HIT on A
        assert cells == " | ".join(f"{before} → {after}" for before, after in zip(*scores, strict=True))


def test_no_verdict_stands_there_that_no_file_holds() -> None:
    assert re.findall(r"^\| (H\d[^|]*) \|", PAGE, re.MULTILINE) == list(JUDGED)


def test_the_limit_on_questions_that_people_wrote_has_the_numbers_of_the_page() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8").split("## Questions that people wrote")[1]
    cells = {
        name: re.findall(rf"^\| `{name}` \| ([^|]+) \|", page, re.MULTILINE)[0] for name in ("adamem", "rag_minilm_k")
    }
    assert f"{cells['adamem']} of the names and values, plain retrieval {cells['rag_minilm_k']}" in PAGE
    assert page.rstrip().endswith("not told apart from `adamem_query_free`.")


def test_what_others_and_ablations_score_is_in_the_tables() -> None:
    evidence = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    [peer] = re.findall(r"^\| `longllmlingua_k_tuned` \| ([+].+?) \|", evidence, re.MULTILINE)
    assert f"is {peer.replace('+', '')} F1 behind AdaMem on A" in PAGE
    told = [_rows("evidence/tables/comparisons.csv", group=group, b="adamem_gold_windows")[0] for group in "AC"]
    more = [_interval(row, "difference", "low", "high", -1) for row in told]
    assert f"scores {more[0]} F1 more on A and {more[1]} coverage more on C" in PAGE
    told = [_rows("evidence/tables/quality.csv", group=group, method="adamem_gold_windows")[0] for group in "AC"]
    assert "comes to {} on A and {} on C".format(*(_interval(row, "value", "low", "high", 1) for row in told)) in PAGE
    [random] = _rows("ablations/ablations.csv", experiment="start_random", group="A")
    assert f"{_interval(random, *GAP, -1)} F1 less on A" in PAGE
    [window] = _rows("ablations/ablations.csv", experiment="window2", group="A")
    [committed] = _rows("tables/quality.csv", method="adamem", group="A")
    scores = f"windows of two give {float(window['value']):.2f} instead of {float(committed['value']):.2f} F1 on A"
    assert f"{scores}, −{_interval(window, *GAP, -1, '−')}" in PAGE


def test_partial_credit_is_told_from_whole_answers() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    [one] = re.findall(r"one right name and nothing else has F1 ([\d.]+),", page)
    f1, whole = zip(
        *(
            re.findall(rf"^\| `adamem` \| {length} \| 5 \| (\S+) [^|]+ \| (\S+) ", page, re.MULTILINE)[0]
            for length in ("as committed", "longer")
        ),
        strict=True,
    )
    assert f"nothing else has {one}, AdaMem {f1[0]}, and {f1[1]} with longer training." in PAGE
    assert f"missing in {whole[0]} of its answers, and in {whole[1]} with longer training." in PAGE


def test_where_the_lead_over_retrieval_lies_is_what_the_evidence_says() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    [b, c] = re.findall(r"^\| H2 \| `rag_minilm_tuned` \| [^|]+ \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE)[0]
    assert f"with the committed steps it is {b} on B and {c} on C" in PAGE
    longer = page.split("## The same with longer")[1]
    every = re.findall(r"^\| H2 \| `rag_minilm_tuned` \| (.+) \|$", longer, re.MULTILINE)[0].split(" | ")
    assert all("[+" in gap for gap in every) and "with longer training it leads on all four" in PAGE
    [copies] = re.findall(
        r"^\| `rag_minilm_tuned` \| ([^|]+) \|", longer.split("counterfactual copies")[1], re.MULTILINE
    )[:1]
    assert f"its lead on A is then {copies}." in PAGE
    [grown] = re.findall(r"over `rag_minilm_tuned` on A \(H2\) (\S+ \[\S+ \S+\])\.", page)
    assert f"The lead of H2 is {grown} wider than with the committed steps." in PAGE


def test_little_is_gained_by_the_question_on_c_and_d_and_by_room_at_64() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8").split("## The same with longer")[1]
    [c, d] = re.findall(
        r"^\| H1 \| `adamem_query_free` \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE
    )[0]
    assert f"little once both are trained longer ({c} and {d})" in PAGE
    at = {row["method"]: float(row["value"]) for row in _rows("ablations/ablations.csv", experiment="k64", group="A")}
    assert f"it has {at['rag_minilm_tuned']:.2f} on A and AdaMem {at['adamem']:.2f} (one training each;" in PAGE


def test_the_lead_is_taken_apart_as_the_evidence_has_it() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    sentences, picks, ranked = (
        re.findall(rf"`{a}` - `{b}` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", page)
        for a, b in (
            ("adamem", "rag_selector_tuned"),
            ("adamem", "picks_as_text_tuned"),
            ("rag_selector_tuned", "rag_minilm_tuned"),
        )
    )
    (ahead, longer), (further, longer_further) = (
        [gaps[0].replace("+", "") for gaps in found] for found in (sentences, picks)
    )
    assert f"AdaMem is {ahead} F1 ahead of the sentences that its own selector ranks first, and {further} ahead" in PAGE
    assert f"with another seed AdaMem is {longer} and {longer_further} ahead, and in both trainings on all" in PAGE
    assert all("[+" in gap for found in (sentences, picks) for gaps in found for gap in gaps)
    assert f"not told from those of MiniLM ({ranked[0][0].replace('-', '−')};" in PAGE
    assert all("[-" in gap and ", +" in gap for gap in ranked[0]), "every interval holds 0"
    lower, *ends = re.findall(r"[\d.]+", ranked[1][2])
    told = (
        f"not told from before in any group of the committed run, and {lower} [{ends[1]}, {ends[0]}] lower on C after"
    )
    assert told in PAGE


def test_the_committed_run_is_the_best_of_one_and_the_worst_of_the_other() -> None:
    """Said wherever its lead over tuned retrieval is taken apart."""
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    for method, place in (("adamem", 1), ("rag_minilm_tuned", 0)):
        [ends] = re.findall(rf"^\| `{method}` \| as committed \| 5 \| \S+ \((\S+) to (\S+)\)", page, re.MULTILINE)
        [row] = _rows("evidence/tables/quality.csv", group="A", method=method)
        assert f"{float(row['value']):.2f}" == ends[place]
    assert "AdaMem has its best training of five on A and tuned retrieval its lowest" in PAGE


def test_what_permuted_values_cost_is_what_the_pages_say() -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8").split("## Values that nobody knows")[1]
    [b] = re.findall(r"^\| `adamem` \| 5 \| [^|]+ \| (\S+ \S+ \S+) \|", page, re.MULTILINE)
    lost, low, high = (abs(float(number)) for number in re.findall(r"[-+][\d.]+", b))
    assert f"AdaMem loses {lost:.2f} [{high:.2f}, {low:.2f}] F1 on B over five trainings" in PAGE
    [row] = _rows("tables/counterfactual.csv", method="adamem", group="B")
    assert f"with the committed run alone {-float(row['difference']):.2f}." in PAGE


def test_the_lead_over_retrieval_in_whole_answers_stands_beside_its_f1() -> None:
    whole = [JUDGED[name]["str_hit"] for name in ("H2, longer training", "H2")]
    numbers = [f"{one['effect']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})" for one in whole]
    assert "lead is {} with longer training and {} with the committed steps".format(*numbers) in PAGE


def test_the_limit_on_longer_texts_has_the_numbers_of_the_needle_test() -> None:
    needles = json.loads((ROOT / "reports/evidence/needle.json").read_text(encoding="utf-8"))
    ours = {
        length: [one for one in needles if (one["method"], one["length"]) == ("adamem", length)]
        for length in (512, 8192)
    }
    assert all(sum(one["n"] for one in found) == 10 for found in ours.values())
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    [(first, last)] = re.findall(r"interval: `adamem` (\S+ \S+ \S+) and (\S+ \S+ \S+), ", page)
    assert f"(AdaMem {first} F1 at 512 tokens and {last} at 8,192," in PAGE


def test_the_committed_seed_stands_among_the_others() -> None:
    rows = _rows("ablations/ablations.csv", about="training seed", method="adamem", group="A")
    rows += _rows("tables/quality.csv", method="adamem", group="A")
    scores = [float(row["value"]) for row in rows]
    assert len(scores) == 5 and max(scores) == scores[-1]
    spread = f"{min(scores):.2f} to {max(scores):.2f}, mean {fmean(scores):.2f}"
    assert f"luckiest of five training seeds on A ({spread}:" in PAGE


def test_longer_training_scores_what_the_evidence_says() -> None:
    evidence = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8")
    [row] = re.findall(r"^\| `adamem` \| longer \| \d+ \| (.+) \|$", evidence, re.MULTILINE)
    a, _, _, c, _ = (re.findall(r"[\d.]+", cell) for cell in row.split(" | "))
    assert f"({a[0]} and {c[0]}, means of five trainings of {a[1]} to {a[2]} and {c[1]} to {c[2]}:" in PAGE


def test_costs_are_those_of_the_reports() -> None:
    cost = json.loads((ROOT / "reports/efficiency.json").read_text(encoding="utf-8"))
    rows = {int(length): row for length, row in cost["lengths"].items()}
    sizes = [rows[4096][key] / 4096 for key in ("memory_bytes", "full_kv_bytes")]
    largest = json.loads((ROOT / "reports/scale/tokenize.json").read_text(encoding="utf-8"))["measured"][-1]
    characters = largest["megabytes"] * 1e6 / largest["tokens"]
    beside = f"the text's token ids take 2 (its characters about {characters:.0f})"
    assert f"takes {sizes[0]:,.0f} bytes a token here, where {beside} and keys and values {sizes[1]:,.0f}" in PAGE
    assert f"{cost['ratios']['ttft_full_over_cached_4096']:.1f} times to the first token at 4,096 tokens" in PAGE
    page = (ROOT / "reports/README.md").read_text(encoding="utf-8")
    whole = re.findall(r"^\| later query, all 8 tokens \| `full_cold` ÷ `adamem_cached` \|(.+)\|$", page, re.MULTILINE)
    assert f", {float(whole[0].split('|')[3]):.1f} times to the last of an answer of eight." in PAGE
    slower = [length for length, row in rows.items() if row["adamem_cached_seconds"] > row["full_reused_seconds"]]
    faster = [length for length in rows if length not in slower]
    assert f"slower\n  up to {max(slower):,} tokens and faster from {min(faster):,} on" in PAGE
    assert all(row["rag_bm25_k_seconds"] < row["adamem_cached_seconds"] for row in rows.values())
    [minutes] = re.findall(r"\*\*sum\*\* \| \*\*([\d.]+)", (ROOT / "reports/minutes.md").read_text(encoding="utf-8"))
    assert f"with AMX: `make run` {float(minutes):.0f} minutes" in PAGE


def _rows(table: str, **wanted: str) -> list[dict[str, str]]:
    with (ROOT / "reports" / table).open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if wanted.items() <= row.items()]


def _interval(row: dict[str, str], mean: str, low: str, high: str, sign: int, mark: str = "") -> str:
    """Mean and interval as the page writes them; `sign` -1 for a loss, of which the page names the size."""
    value, *ends = (sign * float(row[key]) for key in (mean, low, high))
    first, last = sorted(ends, reverse=bool(mark))
    return f"{value:.2f} [{mark}{first:.2f}, {mark}{last:.2f}]"


@pytest.mark.parametrize("place", ["README.md", "docs/design.md"])
def test_trainings_on_the_other_draw_are_counted_until_all_are_there(place: str) -> None:
    page = (ROOT / "reports/evidence/README.md").read_text(encoding="utf-8").split("## On another draw")[1]
    found = dict(re.findall(r"^\| `(\w+)` \| fresh \| (\d \| [\d.]+)", page, re.MULTILINE))
    (count, ours), (_, theirs) = (found[method].split(" | ") for method in ("adamem", "rag_minilm_tuned"))
    said = f"Trainings so far: {count}, with {ours} on A for AdaMem and {theirs} for tuned retrieval."
    text = (ROOT / place).read_text(encoding="utf-8")
    assert (said in text) == (f"{count} of 3 training seeds" in page and count != "3")


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", PAGE)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
