"""From records to items: samples that do not move, lengths, splits, and nothing tested that was trained on."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem.benchmarks import item, sources
from adamem.benchmarks.generate import MODULES
from adamem.benchmarks.item import Item
from adamem.benchmarks.public import load, registry
from adamem.benchmarks.public.formats import PARSERS
from adamem.benchmarks.public.lengths import fit
from adamem.config import Benchmark, PublicOrigin, PublicSource
from tests import tiny
from tests.benchmarks.public import rows as made

TOKENIZER = tiny.make_tokenizer()
MAKING = load.Making("A", TOKENIZER, 1, 4096, "middle", 0)


def settings(*sets: Any, **changes: Any) -> Benchmark:
    source = {"kind": "public", "sets": sets, "longer": changes.pop("longer", "middle")}
    base = {"train": 12, "validation": 2, "test": 5, "min_tokens": 1, "max_tokens": 4096}
    return Benchmark.model_validate({"source": source, **base, **changes})


def taken(given: Benchmark, making: load.Making = MAKING) -> dict[Any, list[Item]]:
    assert isinstance(given.source, PublicSource)
    return sources.taken(given, given.source, making)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """HotpotQA and SQuAD, to train on and to be tested on; LongBench to be tested on."""
    made.parquet(tmp_path / "hotpotqa/train-0.parquet", made.hotpot(200))
    made.parquet(tmp_path / "hotpotqa/validation-0.parquet", made.hotpot(20, start=500))
    made.json_lines(tmp_path / "squad/train.jsonl", made.squad(200))
    made.json_lines(tmp_path / "squad/dev.jsonl", made.squad(20, start=500))
    made.json_lines(tmp_path / "longbench/hotpotqa.jsonl", made.longbench(6))
    return tmp_path


def named(folder: Path, *names: str) -> list[dict[str, str]]:
    return [{"name": name, "path": str(folder)} for name in names]


def test_every_format_and_every_family_has_its_parser_and_a_facts_kind_is_no_set() -> None:
    assert {public.format for public in registry.SETS.values()} == set(PARSERS)
    assert {one for members in registry.FAMILIES.values() for one in members} <= set(registry.SETS)
    assert not {kind for module in MODULES.values() for kind in module.KINDS} & set(registry.SETS)


def test_an_unknown_set_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"benchmarks\.A\.source\.sets: no public set 'hotpot'; there are hotpotqa, "):
        taken(settings("hotpot"))


def test_items_of_several_sets_in_turn_survive_the_file(folder: Path) -> None:
    parts = taken(settings(*named(folder, "hotpotqa", "squad", "longbench_multidoc")[:2]))
    assert {part: len(items) for part, items in parts.items()} == {
        "train": 12,
        "validation": 2,
        "test": 5,
        "counterfactual": 0,
    }
    assert [one.kind for one in parts["train"][:4]] == ["hotpotqa", "squad"] * 2
    assert [one.kind for one in parts["test"]] == ["hotpotqa", "squad", "hotpotqa", "squad", "hotpotqa"]
    assert {one.group for items in parts.values() for one in items} == {"A"}
    for part, items in parts.items():
        item.write(folder / f"out/{part}.jsonl", items)
        assert item.read(folder / f"out/{part}.jsonl") == items


def test_documents_and_gold_are_where_they_say(folder: Path) -> None:
    [one, *_] = taken(settings(*named(folder, "hotpotqa")))["test"]
    assert one.document(1) == "Other\nNothing of use."
    assert [one.document(index).splitlines()[0].split()[0] for index in one.gold] == ["Lamp", "Maker"]
    assert one.lexical and one.target in one.document(one.gold[1])


def test_a_sample_is_the_same_whatever_the_order_and_grows_without_losing_any(folder: Path) -> None:
    origin = PublicOrigin(name="squad", path=str(folder))
    public = registry.SETS["squad"]
    some, more = (load.sample(public, origin, "test", most, MAKING) for most in (5, 12))
    assert more[:5] == some and len(more) == 12
    made.json_lines(folder / "squad/dev.jsonl", [*made.squad(20, start=500)[::-1], *made.squad(3, start=500)])
    assert load.sample(public, origin, "test", 12, MAKING) == more
    assert len(load.sample(public, origin, "test", None, MAKING)) == 20  # a row given twice counts once
    assert load.sample(public, origin, "test", 5, replace(MAKING, seed=1)) != some


def test_training_and_validation_share_no_article(folder: Path) -> None:
    made.json_lines(folder / "squad/train.jsonl", made.squad(480))
    parts = taken(settings(*named(folder, "squad"), train=1000, validation=1000))
    train, validation = ({entity for one in parts[part] for entity in one.entities} for part in ("train", "validation"))
    assert len(validation) > 2 and not train & validation
    assert len(parts["train"]) + len(parts["validation"]) == 480


def test_what_was_trained_on_is_not_tested_by_id_or_by_text(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    train = taken(settings(*named(folder, "squad"), train=1000))["train"]
    fresh = made.squad(20, start=500)
    by_id = fresh[0] | {"id": train[0].id.removeprefix("squad-")}
    trained = next(row for row in made.squad(200) if f"squad-{row['id']}" == train[1].id)
    by_text = trained | {"id": "another", "context": trained["context"].upper().replace(" ", "  ")}
    made.json_lines(folder / "squad/dev.jsonl", [by_id, by_text, *fresh[1:]])
    tested = taken(settings(*named(folder, "squad"), train=1000, test=100))["test"]
    assert {one.id for one in tested} == {f"squad-{row['id']}" for row in fresh[1:]}
    assert "benchmarks.A, test: 2 of 21 items refused, their id or text stands in training data" in caplog.text
    made.json_lines(folder / "squad/dev.jsonl", [by_id, by_text])
    with pytest.raises(ValueError, match=r"benchmarks\.A\.source: squad give no item of part 'test'"):
        taken(settings(*named(folder, "squad"), train=1000))


def test_sets_for_testing_alone_need_one_to_train_on(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"give no item of part 'train' \(sets to train on: hotpotqa, "):
        taken(settings(*named(folder, "longbench_hotpotqa")))
    parts = taken(settings(*named(folder, "longbench_hotpotqa", "hotpotqa")))
    assert {one.kind for one in parts["train"]} == {"hotpotqa"}
    assert {one.kind for one in parts["test"]} == {"hotpotqa", "longbench_hotpotqa"}


def test_a_relative_path_counts_from_the_root_that_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an experiment that DVC runs in a copy of the tracked files."""
    public = settings({"name": "squad", "path": folder.name}, test=3).model_dump()
    params = tiny.settings({"benchmarks": {"A": public}})
    monkeypatch.chdir(tiny.ROOT)
    parts = sources.items("A", params, TOKENIZER, tiny.ROOT / "no-wheels", folder.parent)
    assert len(parts["test"]) == 3


def test_copies_of_one_task_are_refused_by_their_places(tmp_path: Path) -> None:
    """bAbI's release has English and Hindi, short and long."""
    for language in ("en", "hn"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "qa1_single-supporting-fact_test.txt").write_text("1 A\n", encoding="utf-8")
    origin = PublicOrigin(name="babi_qa1", path=str(tmp_path))
    with pytest.raises(ValueError, match=r"babi_qa1: lies in .*/en and in .*/hn; give the path of one"):
        load.sample(registry.SETS["babi_qa1"], origin, "test", None, MAKING)


def test_the_nested_release_of_squad_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev-v1.1.json").write_text('{"data": [], "version": "1.1"}', encoding="utf-8")
    origin = PublicOrigin(name="squad", path=str(tmp_path))
    with pytest.raises(ValueError, match=r"dev-v1\.1\.json: the nested release of SQuAD is not read: give the hub's"):
        load.sample(registry.SETS["squad"], origin, "test", None, MAKING)


def test_where_the_evidence_is_not_told_any_document_may_hold_it(folder: Path) -> None:
    made.parquet(folder / "qasper/test-0.parquet", made.qasper(2))
    origin = PublicOrigin(name="qasper", path=str(folder))
    found = load.sample(registry.SETS["qasper"], origin, "test", None, MAKING)
    assert [one.gold for one in found] == [(0, 1, 2)] * 6


@pytest.mark.parametrize("longer", ["middle", "end"])
def test_long_contexts_keep_their_ends_or_their_beginning(folder: Path, longer: Any) -> None:
    given = settings(*named(folder, "hotpotqa"))
    whole, one = (taken(given, replace(MAKING, high=high, longer=longer))["test"][0] for high in (4096, 40))
    assert one.id == whole.id
    assert 38 <= len(TOKENIZER(one.context, add_special_tokens=False).input_ids) <= 42
    kept = [one.document(index) for index in range(len(one.documents))]
    assert kept[0].startswith("Lamp") and (len(kept), one.gold) == ((2, (0, 1)) if longer == "middle" else (1, (0,)))
    assert kept[-1].endswith(whole.context[-9:]) if longer == "middle" else whole.context.startswith(one.context)


def test_long_contexts_can_be_dropped(folder: Path) -> None:
    with pytest.raises(ValueError, match="give no item of part 'train'"):
        taken(settings(*named(folder, "hotpotqa")), replace(MAKING, high=10, longer="drop"))


@given(st.text(alphabet="ab é中.\n", max_size=80), st.integers(2, 30), st.sampled_from(["middle", "end"]))
def test_what_is_cut_is_whole_characters_and_spans_follow(text: str, high: int, longer: Any) -> None:
    cut = fit(text, TOKENIZER, 0, high, longer)
    assert cut is not None
    assert text.startswith(cut.left[: cut.first]) and text.endswith(cut.left[cut.first :])
    for start in range(len(text)):
        first, last = cut.span(start, start + 1)
        kept = start < cut.first or start >= cut.last
        assert cut.left[first:last] == (text[start] if kept else "")
    length = len(TOKENIZER(text, add_special_tokens=False).input_ids)
    if length <= high:
        assert cut.left == text


def test_the_middle_is_cut_as_longbench_cuts_it() -> None:
    """Its scripts decode the first and the last half of the token ids."""
    text = " ".join(tiny.FACTS)
    ids = TOKENIZER(text, add_special_tokens=False).input_ids
    cut = fit(text, TOKENIZER, 1, 20, "middle")
    assert cut is not None and cut.left == "".join(str(TOKENIZER.decode(half)) for half in (ids[:10], ids[-10:]))


def test_the_hub_reader(tmp_path: Path) -> None:
    """`datasets` streams a local folder with a card as it streams the hub."""
    made.parquet(tmp_path / "distractor/validation-0.parquet", made.hotpot(3))
    files = "data_files:\n  - split: validation\n    path: distractor/validation*"
    card = f"---\nconfigs:\n- config_name: distractor\n  {files}\n---\n"
    (tmp_path / "README.md").write_text(card)
    public, origin = registry.SETS["hotpotqa"], PublicOrigin(name="hotpotqa", repo=str(tmp_path))
    assert len(load.sample(public, origin, "test", None, MAKING)) == 3
    with pytest.raises(ValueError, match=r"split train, revision main\): cannot be read from the hub"):
        load.sample(public, origin, "train", None, MAKING)
    with pytest.raises(ValueError, match="qmsum: the hub has no copy in the set's own format"):
        load.sample(registry.SETS["qmsum"], PublicOrigin(name="qmsum"), "test", None, MAKING)


def test_longbench_is_read_from_its_archive_and_its_script_never_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's client is the one part that needs a network: here it finds its file at once, or not at all."""
    lines = made.json_lines(tmp_path / "hotpotqa.jsonl", made.longbench(3))
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(lines, "data/hotpotqa.jsonl")
        archive.writestr("data/hotpotqa_e.jsonl", "{}")
        archive.writestr("data/qasper.jsonl", "{}")
    asked: list[tuple[Any, ...]] = []

    def download(*given: Any, **more: Any) -> str:
        asked.append((*given, more["revision"]))
        return str(tmp_path / "data.zip")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    public = registry.SETS["longbench_hotpotqa"]
    assert len(load.sample(public, PublicOrigin(name=public.name), "test", None, MAKING)) == 3
    assert asked == [("THUDM/LongBench", "data.zip", "main")]
    with pytest.raises(ValueError, match=r"data\.zip, .*, qasper\.jsonl, line 1: field 'input': is missing"):
        load.sample(registry.SETS["longbench_qasper"], PublicOrigin(name="longbench_qasper"), "test", None, MAKING)
    with pytest.raises(ValueError, match=r"no lcc\.jsonl in it"):
        load.sample(registry.SETS["longbench_lcc"], PublicOrigin(name="longbench_lcc"), "test", None, MAKING)
    (tmp_path / "data.zip").write_bytes(b"half an archive")
    with pytest.raises(ValueError, match=r"data\.zip: damaged or cut short .* to have it downloaded again"):
        load.sample(public, PublicOrigin(name=public.name), "test", None, MAKING)

    def unreachable(*_: Any, **__: Any) -> str:
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", unreachable)
    with pytest.raises(ValueError, match=r"cannot be read from the hub \(no route\); connect, correct the revision"):
        load.sample(public, PublicOrigin(name=public.name), "test", None, MAKING)
