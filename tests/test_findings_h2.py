"""What docs/findings.md says of H2, memory or text, is what the reports say."""

from __future__ import annotations

import json
import re
from statistics import fmean

from tests.committed import EVIDENCE, as_committed, leads_of_h2, read, rows_of, score_on_a

pytestmark = as_committed
FINDINGS = read("docs/findings.md")


def test_what_the_selector_finds_scores_as_text_what_the_tables_say() -> None:
    tables = [rows_of("evidence/tables/quality.csv", group="A")]
    tables.append(rows_of("ablations/ablations.csv", experiment="lead1", group="A"))
    committed, longer = ({row["method"]: f"{float(row['value']):.2f}" for row in rows} for rows in tables)
    for what, method in (
        ("the sentences that AdaMem's selector ranks first", "rag_selector_tuned"),
        ("the text of the very windows that it picks", "picks_as_text_tuned"),
        ("AdaMem's memory tokens", "adamem"),
    ):
        assert f"| {what} | {committed[method]} | {longer[method]} |" in FINDINGS
    told = "({adamem} and {rag_minilm_k} on A in the committed run) is what such vectors teach the LLM about answers"
    assert told.format(**committed) in FINDINGS
    assert f"they bring retrieval to {committed['rag_minilm_tuned']}." in FINDINGS


def test_where_the_lead_over_retrieval_lies_is_what_the_evidence_says() -> None:
    page = read(EVIDENCE)
    [_, b, c, _] = leads_of_h2(page, "rag_minilm_tuned")
    assert f"with the committed steps it is {b} on B and {c} on C" in FINDINGS
    longer = page.split("## The same with longer")[1]
    every = leads_of_h2(longer, "rag_minilm_tuned")
    assert all("[+" in gap for gap in every) and "with longer training it leads on all four" in FINDINGS
    [copies] = re.findall(
        r"^\| `rag_minilm_tuned` \| ([^|]+) \|", longer.split("counterfactual copies")[1], re.MULTILINE
    )[:1]
    assert f"its lead over tuned retrieval on A is then {copies}." in FINDINGS
    [grown] = re.findall(r"over `rag_minilm_tuned` on A \(H2\) (\S+ \[\S+ [^\]]+\])", page)
    assert f"It is {grown} wider than with the committed steps." in FINDINGS


def test_what_is_left_of_the_lead_over_written_vectors_is_what_the_evidence_says() -> None:
    page = read(EVIDENCE)
    committed, longer = (leads_of_h2(part, "rag_minilm_written") for part in page.split("## The same with longer"))
    assert "In the other groups AdaMem is {1} above it on B, {2} on C and {3} on D".format(*longer) in FINDINGS
    assert "it is {} above it on A, {} on B, {} on C and {} on D.".format(*committed) in FINDINGS
    effects = json.loads(read("reports/hypotheses.json"))["H2"]["effects"]
    [first, second, *later] = next(
        effect["trainings"] for effect in effects if effect["against"] == "rag_minilm_written"
    )
    assert f"it was ahead on A by {first:.2f} and {second:.2f}; in none of the three" in FINDINGS
    assert len(later) == 3 and max(later) < 0
    effects = json.loads(read("reports/evidence/hypotheses_longer.json"))["H2"]["effects"]
    [one] = [effect for effect in effects if effect["against"] == "rag_minilm_written"]
    assert f"AdaMem is {one['effect']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}) above it" in FINDINGS
    ours, score = (score_on_a(page, name, "longer") for name in ("adamem", "rag_minilm_written"))
    assert f"After longer training it has {score} on A" in FINDINGS
    assert score == ours and f"they bring retrieval to {score} on A after longer training, as AdaMem" in read(
        "docs/design.md"
    )


def test_the_lead_is_taken_apart_as_the_evidence_has_it() -> None:
    page = read(EVIDENCE)
    sentences, picks, ranked = (
        re.findall(rf"`{a}` - `{b}` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", page)
        for a, b in (
            ("adamem", "rag_selector_tuned"),
            ("adamem", "picks_as_text_tuned"),
            ("rag_selector_tuned", "rag_minilm_tuned"),
        )
    )
    for what, found in (("these sentences", sentences), ("the text of these windows", picks)):
        first, longer = (gaps[0].replace("+", "") for gaps in found)
        assert f"| memory tokens above {what} | {first} | {longer} |" in FINDINGS
    assert all("[+" in gap for found in (sentences, picks) for gaps in found for gap in gaps)
    assert "ahead in both trainings on all four groups." in FINDINGS
    assert f"no difference that was told on A ({ranked[0][0]}) or elsewhere in the committed run" in FINDINGS
    assert all("[-" in gap and ", +" in gap for gap in ranked[0]), "every interval holds 0"
    lower, *ends = re.findall(r"[\d.]+", ranked[1][2])
    assert f"and {lower} [{ends[1]}, {ends[0]}] lower coverage on C in the longer training" in FINDINGS


def test_whole_answers_stand_beside_the_f1_that_decides_on_retrieval() -> None:
    files = ("evidence/hypotheses_longer", "hypotheses")
    whole = [json.loads(read(f"reports/{file}.json"))["H2"]["str_hit"] for file in files]
    numbers = [f"{one['effect']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})" for one in whole]
    assert (
        "above the opponent that decides with longer training, and {1} with the committed steps".format(*numbers)
        in FINDINGS
    )
    assert f"AdaMem is {numbers[0]} above the opponent that decides" in FINDINGS


def test_the_leads_on_the_other_draw_are_those_of_the_evidence() -> None:
    h1, h2 = json.loads(read("reports/evidence/hypotheses_fresh.json")).values()
    over_constant, f1, whole = (
        f"{one['effect']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})" for one in (h1, h2, h2["str_hit"])
    )
    assert f"without the question; the lead on A is {over_constant}." in FINDINGS
    assert h2["against"] == "rag_minilm_written"
    assert f"the lead is {f1}, by whole answers (STR-HIT) {whole}. In the other groups" in FINDINGS
    page = read(EVIDENCE, "## On another draw")
    written, tuned = (leads_of_h2(page, f"rag_minilm_{vectors}") for vectors in ("written", "tuned"))
    assert "In the other groups it is {1} on B, {2} on C and {3} on D".format(*written) in FINDINGS
    assert "On fresh items it is {}, {}, {} and {}.".format(*written) in read("README.md")
    assert all("[+" in gap for gap in tuned)
    assert f"the lead there is {tuned[0]} on A, and it leads in every group" in FINDINGS
    ours, theirs = (score_on_a(page, name, "fresh", "3") for name in ("adamem", "rag_minilm_written"))
    assert f"AdaMem has {ours} on A and retrieval with written vectors {theirs};" in FINDINGS
    assert f"Retrieval with written vectors ({theirs}) was planned there" in read("README.md")


def test_room_at_64_is_what_the_ablations_have() -> None:
    scores = {}
    for group in "AC":
        rows = rows_of("ablations/ablations.csv", experiment="k64", group=group)
        scores[group] = {row["method"]: f"{float(row['value']):.2f}" for row in rows}
    assert "it has {rag_minilm_tuned} on A and AdaMem {adamem} (one training each)".format(**scores["A"]) in FINDINGS
    assert "On C it then draws level ({rag_minilm_tuned} and {adamem})".format(**scores["C"]) in FINDINGS


def test_the_lead_over_retrieval_stands_there_seed_by_seed() -> None:
    files = ("hypotheses", "evidence/hypotheses_longer")
    effects = [effect for file in files for effect in json.loads(read(f"reports/{file}.json"))["H2"]["effects"]]
    committed, longer = (one["trainings"] for one in effects if one["against"] == "rag_minilm_tuned")
    first, *others = sorted(committed, reverse=True)
    assert first == committed[0]
    of_others = [f"{one:.2f}".replace("-", "−") for one in others]
    said = (
        f"is {first:.2f} in the committed run, and with the other seeds {', '.join(of_others[:-1])} and {of_others[-1]}"
    )
    assert f"{said}: over all five {fmean(committed):.2f}, without the committed run {fmean(others):.2f}" in FINDINGS
    assert f"in every training ({min(longer):.2f} to {max(longer):.2f}, mean {fmean(longer):.2f})" in FINDINGS
