"""A few rows of every set in its true schema, in our own words, and the files they come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]


def hotpot(count: int, start: int = 0) -> Rows:
    """As the hub has HotpotQA: lists of objects are objects of lists."""
    return [
        {
            "id": f"h{number:04d}",
            "question": f"In which country was the maker of lamp {number} born?",
            "answer": f"Norland {number}",
            "type": "bridge",
            "level": "hard",
            "supporting_facts": {"title": [f"Lamp {number}", f"Maker {number}"], "sent_id": [0, 1]},
            "context": {
                "title": [f"Lamp {number}", "Other", f"Maker {number}"],
                "sentences": [
                    [f"Lamp {number} was made by maker {number}.", " It is old."],
                    ["Nothing of use."],
                    [f"Maker {number} made lamps.", f" Maker {number} was born in Norland {number}."],
                ],
            },
        }
        for number in range(start, start + count)
    ]


def released(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `hotpot` as the JSON release and 2WikiMultihopQA have it."""
    pairs = {name: list(zip(*row[name].values(), strict=True)) for name in ("context", "supporting_facts")}
    rest = {key: value for key, value in row.items() if key not in ("id", *pairs)}
    return {"_id": row["id"], **rest, **pairs, "evidences": [["Lamp", "maker", "Maker"]]}


def musique(count: int, start: int = 0) -> Rows:
    return [
        {
            "id": f"2hop__{number}_{number + 1}",
            "paragraphs": [
                {"idx": 0, "title": "Hill", "paragraph_text": "The hill is green.", "is_supporting": False},
                {
                    "idx": 1,
                    "title": "Dam",
                    "paragraph_text": f"Dam {number} holds lake {number}.",
                    "is_supporting": True,
                },
                {"idx": 2, "title": "Lake", "paragraph_text": f"Lake {number} feeds Ost.", "is_supporting": True},
            ],
            "question": f"What does the lake behind dam {number} feed?",
            "question_decomposition": [{"id": 1, "question": "q", "answer": "a", "paragraph_support_idx": 1}],
            "answer": "Ost",
            "answer_aliases": ["the Ost", "River Ost"],
            "answerable": True,
        }
        for number in range(start, start + count)
    ]


def squad(count: int, start: int = 0) -> Rows:
    return [
        {
            "id": f"5{number:05d}",
            "title": f"Article_{number // 4}",
            "context": f"Tower {number} stands on hill {number}, and is {number + 3} metres high.",
            "question": f" How high is tower {number}?",
            "answers": {"text": [f"{number + 3} metres", f"{number + 3}"] * 2, "answer_start": [35, 35, 35, 35]},
        }
        for number in range(start, start + count)
    ]


def narrativeqa(count: int, start: int = 0) -> Rows:
    return [
        {
            "document": {
                "id": f"story{number // 2}",
                "kind": "gutenberg",
                "url": "-",
                "file_size": 9,
                "word_count": 9,
                "start": "a",
                "end": "z",
                "summary": {"text": f"Story {number // 2}: Ann leaves.", "tokens": ["Ann"], "url": "-", "title": "-"},
                "text": f"Chapter 1 of story {number // 2}. Ann took her coat. She left for the sea.",
            },
            "question": {"text": f"Where does Ann go, asks reader {number}?", "tokens": ["Where"]},
            "answers": [{"text": "To the sea.", "tokens": ["To"]}, {"text": "the sea", "tokens": ["the"]}],
        }
        for number in range(start, start + count)
    ]


def _qasper_answer(**given: Any) -> dict[str, Any]:
    empty = {"unanswerable": False, "extractive_spans": [], "yes_no": None, "free_form_answer": ""}
    return {**empty, "evidence": [], "highlighted_evidence": [], **given}


QASPER_ANSWERS = [
    [_qasper_answer(extractive_spans=["two corpora", "a lexicon"]), _qasper_answer(free_form_answer="Two corpora.")],
    [_qasper_answer(yes_no=False)],
    [_qasper_answer(yes_no=True), _qasper_answer(unanswerable=True)],
]


def qasper(count: int, start: int = 0) -> Rows:
    """As the hub has it: questions, and the answers of each, as objects of lists."""
    return [
        {
            "id": f"20{number:02d}.0001",
            "title": f"Parsing {number}",
            "abstract": "We parse.",
            "full_text": {"section_name": ["Data", None], "paragraphs": [["Two corpora are used.", "More."], ["End."]]},
            "qas": {
                "question": [f"What data {number}?", f"Is it large {number}?", f"Is it open {number}?"],
                "question_id": [f"q{number}-{part}" for part in range(3)],
                "answers": [
                    {"answer": answers, "annotation_id": ["a"] * len(answers), "worker_id": ["w"] * len(answers)}
                    for answers in QASPER_ANSWERS
                ],
            },
            "figures_and_tables": {"caption": [], "file": []},
        }
        for number in range(start, start + count)
    ]


def qmsum(count: int, start: int = 0) -> Rows:
    return [
        {
            "topic_list": [{"topic": "Budget", "relevant_text_span": [["0", "1"]]}],
            "general_query_list": [{"query": "Summarise the meeting.", "answer": f"Plan {number} was agreed."}],
            "specific_query_list": [
                {"query": "What of the budget?", "answer": "It grows.", "relevant_text_span": [["1", "2"]]}
            ],
            "meeting_transcripts": [
                {"speaker": "Chair", "content": f"Welcome to meeting {number}."},
                {"speaker": "Eva", "content": "The budget grows."},
                {"speaker": "Chair", "content": "Agreed."},
            ],
        }
        for number in range(start, start + count)
    ]


def govreport(count: int, start: int = 0) -> Rows:
    return [
        {
            "report": f"The agency spent {number} million. It plans reforms.",
            "summary": f"Spending was {number} million.",
        }
        for number in range(start, start + count)
    ]


def longbench(count: int, dataset: str = "hotpotqa", **changes: Any) -> Rows:
    row = {
        "input": "Who built the tower?",
        "context": "Passage 1:\nTower\nIt was built by Ann.",
        "answers": ["Ann", "Ann of Ost"],
        "length": 9,
        "dataset": dataset,
        "language": "en",
        "all_classes": None,
        "_id": "",
    }
    return [row | {"_id": f"{dataset}{n:03d}", "context": f"{row['context']} {n}"} | changes for n in range(count)]


def ruler(count: int, **changes: Any) -> Rows:
    text = (
        "Some special magic numbers are hidden within the following text. Make sure to memorize it. I will quiz you "
        "about the numbers afterwards.\nWhat is a day?\nOne of the special magic numbers for owl is: {0}1.\nGrass.\n"
        "One of the special magic numbers for owl is: {0}2.\nWhat are all the special magic numbers for owl mentioned "
        "in the provided text? The special magic numbers for owl mentioned in the provided text are"
    )
    return [
        {"index": n, "input": text.format(n + 70), "outputs": [f"{n + 70}1", f"{n + 70}2"], "length": 99} | changes
        for n in range(count)
    ]


BABI = """\
1 Mary went to the hall.
2 John took the apple.
3 Where is Mary? \thall\t1
4 John went to the attic.
5 What does John carry? \tapple,milk\t2 4
1 Dan is in the shed.
2 Where is Dan?\tshed\t1
"""


def json_lines(path: Path, rows: Rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(path: Path, rows: Rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path
