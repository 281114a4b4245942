"""The file format: what is written is read back, and what is malformed is named by file, line and field."""

import itertools
import json

import pytest

from adamem.benchmarks.item import Fact, Item, read, read_groups, write

ITEM = Item(
    id="C-test-00001",
    group="C",
    kind="country",
    context="Lima is in Peru.\nQuito is in Ecuador.",
    documents=((0, 16), (17, 37)),
    question="Where is Lima?",
    target="Peru",
    references=("Peru",),
    gold=(0,),
    entities=("country:Peru",),
    wording=3,
    lexical=True,
    facts=(Fact("country", ("Peru",), ("Ecuador", "Chile")),),
    source="C-test-00000",
)


def test_items_survive_the_file(tmp_path):
    path = tmp_path / "new" / "test.jsonl"
    write(path, [ITEM, ITEM])
    assert read(path) == [ITEM, ITEM]
    assert [path.name for path in path.parent.iterdir()] == ["test.jsonl"]


def test_a_document_is_its_span():
    assert ITEM.document(1) == "Quito is in Ecuador."


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("question", 5, "'question': expected text"),
        ("wording", "3", "'wording': expected a whole number"),
        ("wording", True, "'wording': expected a whole number"),
        ("lexical", 1, "'lexical': expected true or false"),
        ("references", "Peru", "'references': expected a list"),
        ("references", ["Chile"], "'references': does not hold the target 'Peru'"),
        ("documents", [[0]], r"'documents': expected \[start, end\]"),
        ("documents", [[0, 99]], r"'documents': span \[0, 99\] is outside the context"),
        ("gold", [2], "'gold': 2 is not one of 2 documents"),
        ("facts", [{"name": "country"}], "'facts': expected name, accepted and contradicted"),
        ("source", 7, "'source': expected text"),
        ("extra", 1, "unknown field 'extra'"),
    ],
)
def test_a_malformed_field_is_named_with_file_and_line(tmp_path, field, value, message):
    path = tmp_path / "test.jsonl"
    write(path, [ITEM])
    bad = {**ITEM.to_json(), field: value}
    path.write_text(path.read_text() + json.dumps(bad) + "\n")
    with pytest.raises(ValueError, match=f"test.jsonl, line 2: .*{message}"):
        read(path)


def test_a_missing_field_is_named(tmp_path):
    path = tmp_path / "test.jsonl"
    value = ITEM.to_json()
    del value["gold"]
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match="line 1: field 'gold' is missing"):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "line 1: not valid JSON"), ("[]", "line 1: expected a JSON object")]
)
def test_a_line_that_is_no_object_is_named(tmp_path, text, message):
    path = tmp_path / "test.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(path)


def test_a_missing_file_says_which_stage_makes_it(tmp_path):
    with pytest.raises(ValueError, match="run stage `tasks` first"):
        read(tmp_path / "none.jsonl")


def test_a_group_without_items_is_named(tmp_path):
    for group, part in itertools.product("ABCD", ("train", "validation")):
        write(tmp_path / group / f"{part}.jsonl", [] if (group, part) == ("C", "validation") else [ITEM])
    with pytest.raises(ValueError, match=r"C/validation.jsonl: .*C.validation is 0; .*repro --force tasks@C"):
        read_groups(tmp_path)
