"""Every format in its true schema: what a row becomes, and how a malformed one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adamem.benchmarks.public import registry
from adamem.benchmarks.public.formats import PARSERS
from adamem.benchmarks.public.reading import rows
from adamem.benchmarks.public.record import Record
from adamem.config import PublicOrigin
from tests.benchmarks.public import rows as made


def records(name: str, path: Path, split: str | None = None) -> list[Record]:
    public = registry.SETS[name]
    origin = PublicOrigin(name=name, path=str(path))
    return list(PARSERS[public.format](rows(public, origin, split or public.test)))


def test_hotpotqa_from_parquet_and_from_its_json_release(tmp_path: Path) -> None:
    [found] = records(
        "hotpotqa", made.parquet(tmp_path / "hub/distractor/validation-0.parquet", made.hotpot(1)).parents[1]
    )
    assert (found.id, found.answers, found.gold) == ("h0000", ("Norland 0",), (0, 2))
    assert found.documents[0] == "Lamp 0\nLamp 0 was made by maker 0. It is old."
    path = tmp_path / "json/hotpot_dev_distractor_v1.json"
    path.parent.mkdir()
    path.write_text(json.dumps([made.released(row) for row in made.hotpot(1)]))
    assert records("hotpotqa", path.parent) == [found]


def test_2wikimultihopqa(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "dev.jsonl", [made.released(row) for row in made.hotpot(2)])
    assert [found.gold for found in records("2wikimultihopqa", tmp_path)] == [(0, 2), (0, 2)]


def test_musique_has_aliases_and_leaves_out_what_cannot_be_answered(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "musique_dev.jsonl", [*made.musique(1), {**made.musique(1)[0], "answerable": False}])
    [found] = records("musique", tmp_path)
    assert (found.answers, found.gold) == (("Ost", "the Ost", "River Ost"), (1, 2))


def test_squad_keeps_all_spans_once(tmp_path: Path) -> None:
    [found] = records("squad", made.parquet(tmp_path / "validation.parquet", made.squad(1)))
    assert (found.question, found.answers, found.family) == ("How high is tower 0?", ("3 metres", "3"), "Article_0")


def test_narrativeqa_over_the_story_or_its_summary(tmp_path: Path) -> None:
    made.parquet(tmp_path / "data/test-0.parquet", made.narrativeqa(2))
    full, summary = records("narrativeqa", tmp_path), records("narrativeqa_summaries", tmp_path)
    assert full[0].documents[0].startswith("Chapter 1") and summary[0].documents == ("Story 0: Ann leaves.",)
    assert full[0].answers == ("To the sea.", "the sea")
    assert full[0].id != full[1].id and full[0].family == full[1].family == "story0"


def test_qasper_answers_of_every_kind(tmp_path: Path) -> None:
    found = records("qasper", made.parquet(tmp_path / "test.parquet", made.qasper(1)))
    wanted = [("two corpora, a lexicon", "Two corpora."), ("No",), ("Yes", "Unanswerable")]
    assert [record.answers for record in found] == wanted
    assert found[0].documents == ("Parsing 0\nWe parse.", "Data\nTwo corpora are used.\nMore.", "End.")


def test_qasper_from_its_json_release(tmp_path: Path) -> None:
    qas = [
        {"question": f"What {n}?", "question_id": f"q{n}", "answers": [{"answer": answer} for answer in answers]}
        for n, answers in enumerate(made.QASPER_ANSWERS)
    ]
    sections = [{"section_name": "Data", "paragraphs": ["Two corpora."]}]
    paper = {"title": "T", "abstract": "A", "full_text": sections, "qas": qas}
    (tmp_path / "qasper-test-v0.3.json").write_text(json.dumps({"2001.1": paper}))
    assert [record.answers[0] for record in records("qasper", tmp_path)] == ["two corpora, a lexicon", "No", "Yes"]


def test_qmsum_gold_turns(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "test.jsonl", made.qmsum(1))
    general, specific = records("qmsum", tmp_path)
    assert (general.gold, specific.gold) == ((), (1, 2))
    assert specific.documents[1] == "Eva: The budget grows."


def test_govreport(tmp_path: Path) -> None:
    found = records("govreport", made.parquet(tmp_path / "document/test-0.parquet", made.govreport(2)))
    assert [record.answers for record in found] == [("Spending was 0 million.",), ("Spending was 1 million.",)]


def test_longbench_asks_with_its_input_and_keeps_the_classes(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "hotpotqa.jsonl", made.longbench(1))
    made.json_lines(tmp_path / "gov_report.jsonl", made.longbench(1, "gov_report", input=""))
    classes = {"answers": ["City"], "all_classes": ["City", "Other city", "Date"]}
    made.json_lines(tmp_path / "trec.jsonl", made.longbench(1, "trec", **classes))
    [plain] = records("longbench_hotpotqa", tmp_path)
    assert (plain.question, plain.answers, plain.facts) == ("Who built the tower?", ("Ann", "Ann of Ost"), ())
    assert records("longbench_gov_report", tmp_path)[0].question.startswith("Summarise")
    [trec] = records("longbench_trec", tmp_path)
    assert (trec.facts[0].accepted, trec.facts[0].contradicted) == (("City",), ("Other city", "Date"))


@pytest.mark.parametrize("name", registry.FAMILIES["longbench"])
def test_every_english_set_of_longbench_has_a_question(name: str, tmp_path: Path) -> None:
    subset = registry.SETS[name].subset or ""
    made.json_lines(tmp_path / f"{subset}.jsonl", made.longbench(1, subset))
    assert records(name, tmp_path)[0].question


def test_ruler_splits_the_question_off_and_wants_every_needle(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "niah_multivalue/validation.jsonl", made.ruler(2))
    first, second = records("ruler_niah", tmp_path)
    assert first.question.startswith("What are all the special magic numbers for owl") and first.question.endswith(
        " are"
    )
    assert first.documents[0].endswith("is: 702.") and "What is a day?" in first.documents[0]
    assert first.answers == ("701, 702",) and [fact.accepted for fact in first.facts] == [("701",), ("702",)]
    assert first.id != second.id


def test_ruler_question_answering_has_spellings_and_a_prefix(tmp_path: Path) -> None:
    text = "Answer the question based on the given documents. Only the answer.\n\nThe following are given.\n\nDoc 1"
    asked = f"{text}\n\nAnswer the question based on the given documents.\n\nQuestion: Who?"
    rows_ = made.ruler(1, input=asked, outputs=["Ann", "Ann B."], answer_prefix=" Answer:")
    made.json_lines(tmp_path / "qa_1/validation.jsonl", rows_)
    [found] = records("ruler_qa", tmp_path)
    assert (found.question, found.answers, found.facts) == ("Question: Who? Answer:", ("Ann", "Ann B."), ())


def test_babi_stories_end_where_the_numbers_begin_again(tmp_path: Path) -> None:
    (tmp_path / "qa1_single-supporting-fact_test.txt").write_text(made.BABI)
    hall, carried, shed = records("babi_qa1", tmp_path)
    assert (hall.documents, hall.gold) == (("Mary went to the hall.", "John took the apple."), (0,))
    assert (carried.answers, carried.gold, len(carried.documents)) == (("apple, milk",), (1, 2), 3)
    assert shed.documents == ("Dan is in the shed.",)
    assert hall.family == carried.family != shed.family, "questions on a story stay on one side of a split"


Change = Callable[[dict[str, Any]], Any]
MALFORMED: list[tuple[str, Callable[[int], made.Rows], Change, str]] = [
    ("hotpotqa", made.hotpot, lambda row: row.pop("question"), "'question': is missing"),
    ("hotpotqa", made.hotpot, lambda row: row["context"]["title"].pop(), "'context': 2 title and 3 sentences"),
    ("hotpotqa", made.hotpot, lambda row: row.update(context=[["T"]]), r"'context\[0\]': expected \[title, sentences"),
    (
        "musique",
        made.musique,
        lambda row: row["paragraphs"][1].update(title=3),
        r"'paragraphs\[1\].title': expected text",
    ),
    ("musique", made.musique, lambda row: row.update(answer_aliases="x"), "'answer_aliases': expected a list"),
    ("squad", made.squad, lambda row: row["answers"].update(text=[]), "'answers.text': is empty"),
    ("narrativeqa", made.narrativeqa, lambda row: row["document"].update(text=" "), "'document.text': is empty"),
    ("narrativeqa", made.narrativeqa, lambda row: row.update(answers=[]), "'answers': is empty"),
    ("qasper", made.qasper, lambda row: row["qas"]["question"].pop(), "'qas': expected columns of one length"),
    (
        "qasper",
        made.qasper,
        lambda row: row["qas"]["answers"][1].update(answer=[{"unanswerable": 0}]),
        r"'qas\[1\].answers\[0\].answer.unanswerable': expected true or false, got 0",
    ),
    ("qmsum", made.qmsum, lambda row: row.update(meeting_transcripts=[]), "'meeting_transcripts': is empty"),
    (
        "qmsum",
        made.qmsum,
        lambda row: row["specific_query_list"][0].update(relevant_text_span=[["1"]]),
        r"'specific_query_list\[0\].relevant_text_span\[0\]': expected \[first, last\]",
    ),
    ("govreport", made.govreport, lambda row: row.update(summary=None), "'summary': expected text, got None"),
    ("longbench_hotpotqa", made.longbench, lambda row: row.update(answers=[7]), r"'answers\[0\]': expected text"),
    ("longbench_hotpotqa", made.longbench, lambda row: row.update(input=""), "'input': is empty"),
    ("ruler_niah", made.ruler, lambda row: row.update(outputs=[]), "'outputs': is empty"),
    ("ruler_niah", made.ruler, lambda row: row.update(input="No question."), "'input': no line that begins with"),
    ("ruler_niah", made.ruler, lambda row: row.update(index="0"), "'index': expected a whole number"),
]


@pytest.mark.parametrize(("name", "rows_of", "change", "message"), MALFORMED)
def test_a_malformed_row_is_named_with_file_line_and_field(
    name: str, rows_of: Callable[[int], made.Rows], change: Change, message: str, tmp_path: Path
) -> None:
    good, bad = rows_of(2)
    change(bad)
    path = made.json_lines(tmp_path / "rows.jsonl", [good, bad])
    with pytest.raises(ValueError, match=rf"rows\.jsonl, line 2: field {message}"):
        records(name, path)


@pytest.mark.parametrize("line", ["Mary went.", "1", "1 Where? \thall\t1", "x Mary went."])
def test_a_malformed_line_of_babi_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "qa1_x_test.txt"
    path.write_text(f"1 Dan is here.\n{line}\n")
    with pytest.raises(ValueError, match=r"qa1_x_test\.txt, line 2: field 'line': expected|supporting"):
        records("babi_qa1", path)


def test_babi_support_must_be_in_the_story(tmp_path: Path) -> None:
    path = tmp_path / "qa1_x_test.txt"
    path.write_text("1 Dan is here.\n2 Where is Dan? \there\t7\n")
    with pytest.raises(ValueError, match=r"line 2: field 'line': supporting lines \['7'\] are not among \[1\]"):
        records("babi_qa1", path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.jsonl", "{", "rows.jsonl, line 1: not valid JSON"),
        ("rows.jsonl", "[1]", "rows.jsonl, line 1: expected a JSON object"),
        ("rows.json", '"x"', "rows.json: expected a list of rows"),
        ("rows.json", "[{}, 3]", "rows.json, row 2: expected a JSON object|row 1: field"),
        ("rows.parquet", "no", "rows.parquet: not a readable parquet file"),
        ("rows.csv", "a", "rows.csv: cannot read '.csv' files"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        records("squad", tmp_path / name)


def test_broken_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(ValueError, match=r"rows\.jsonl: cannot be read"):
        records("squad", tmp_path / "rows.jsonl")


def test_a_split_that_is_not_there_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no file of split 'validation' of squad there \(looked for .*\*dev\*\.json"):
        records("squad", tmp_path)


def test_in_a_folder_of_sets_one_never_reads_anothers_files(tmp_path: Path) -> None:
    made.json_lines(tmp_path / "squad/dev.jsonl", made.squad(1))
    made.json_lines(tmp_path / "longbench/hotpotqa.jsonl", made.longbench(1))
    assert len(records("squad", tmp_path)) == len(records("longbench_hotpotqa", tmp_path)) == 1
    with pytest.raises(ValueError, match=r"musique: no file of split 'validation' of musique"):
        records("musique", tmp_path)
