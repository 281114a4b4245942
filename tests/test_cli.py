"""The console scripts and the demo: what they take, and how they say what went wrong."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from adamem import cli, config, demo
from adamem.benchmarks import item
from adamem.benchmarks.item import Item
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from tests import tiny

PARAMS = tiny.settings({"llm": {"dtype": "float32"}})


@pytest.fixture
def place(tmp_path: Path, llm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with settings, an LLM, a trained compressor and one group of items."""
    monkeypatch.chdir(tmp_path)
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(PARAMS.model_dump(mode="json"), file)
    shutil.copytree(llm_folder, "models/llm")
    torch.manual_seed(0)
    model = AdaMem(PARAMS.model, host.load("models/llm", PARAMS.llm))
    checkpoint.save(model, Path("models/phase2"), PARAMS.model)
    made = [
        Item(f"D-{n}", "D", "capital", fact, ((0, len(fact)),), "Which?", "Lima", ("Lima",), (0,), (), 0, True)
        for n, fact in enumerate(tiny.FACTS[:3])
    ]
    item.write(Path("data/tasks/D/test.jsonl"), made)
    Path("notes.txt").write_text(" ".join(tiny.FACTS), encoding="utf-8")
    return tmp_path


def fails(command: object, *arguments: str) -> str:
    """The one line that a command ends with."""
    with pytest.raises(SystemExit) as end:
        command(arguments)  # type: ignore[operator]
    assert isinstance(end.value.code, str)
    assert "\n" not in end.value.code
    return end.value.code


@pytest.mark.parametrize("command", [cli.train, cli.evaluate])
def test_help_names_every_option(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command(["--help"])  # type: ignore[operator]
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(option in said for option in ("--config", "--root", "--output-dir", "--output_dir"))
    assert ("--phase" in said) == (command is cli.train)
    assert ("--checkpoint" in said) == (command is cli.evaluate)


@pytest.mark.parametrize("spelling", ["--output-dir", "--output_dir"])
def test_both_spellings_write_the_scores_there(place: Path, spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.evaluate(["--checkpoint", "models/phase2", "--groups", "D", spelling, "out"])
    said = json.loads(capsys.readouterr().out)
    assert (said["group"], said["n"]) == ("D", 3)
    assert sorted(path.name for path in (place / "out").iterdir()) == ["D.json", "D.jsonl"]
    assert json.loads((place / "out/D.json").read_text(encoding="utf-8"))["quality"]["f1"] == said["f1"]


def test_users_mistakes_end_in_a_line(place: Path) -> None:
    assert "none.yaml: cannot be read" in fails(cli.train, "--phase", "1", "--config", "none.yaml")
    assert "none: no checkpoint there" in fails(cli.evaluate, "--checkpoint", "none")
    assert "test.jsonl: cannot be read" in fails(cli.evaluate, "--checkpoint", "models/phase2", "--groups", "A")
    shutil.rmtree(place / "models/llm")
    assert "no LLM there" in fails(cli.train, "--phase", "2")


@pytest.mark.parametrize("chosen", ["mine", ".", "..", "mine/notes.txt"])
def test_a_folder_with_other_files_is_not_replaced_by_a_checkpoint(place: Path, chosen: str) -> None:
    notes = Path("mine/notes.txt")
    notes.parent.mkdir()
    notes.write_text("dear to me", encoding="utf-8")
    assert "choose" in fails(cli.train, "--phase", "1", "--root", str(place), "--output-dir", chosen)
    assert notes.read_text(encoding="utf-8") == "dear to me"


def test_places_that_cannot_be_written_are_refused_before_the_work(place: Path) -> None:
    shutil.rmtree(place / "models/llm")
    for command, more in ((cli.train, ("--phase", "1")), (cli.evaluate, ("--checkpoint", "models/phase2"))):
        assert "notes.txt is a file" in fails(command, *more, "--output-dir", "notes.txt/x")


def test_a_place_that_cannot_be_replaced_is_refused_before_the_work(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint is written beside its place and then takes it."""
    shutil.rmtree(place / "models/llm")
    monkeypatch.setattr(Path, "is_mount", lambda self: self.name == "disk")
    assert "disk: is where a disk is mounted" in fails(cli.train, "--phase", "1", "--output-dir", "disk")


def test_nothing_is_answered_before_all_that_is_asked_is_there(place: Path) -> None:
    asked = ("--checkpoint", "models/phase2", "--groups", "D", "A", "--output-dir", "out")
    assert "A/test.jsonl: cannot be read" in fails(cli.evaluate, *asked)
    assert not (place / "out").exists()


def test_a_later_phase_does_not_take_settings_that_its_model_was_not_trained_with(place: Path) -> None:
    shutil.copytree("models/phase2", "models/phase1")
    changed = tiny.settings({"llm": {"dtype": "float32"}, "resampler": {"n_latents": 2 * PARAMS.resampler.n_latents}})
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(changed.model_dump(mode="json"), file)
    for group, part in itertools.product(config.GROUPS, ("train", "validation")):
        Path("data/tasks", group).mkdir(exist_ok=True)
        shutil.copy("data/tasks/D/test.jsonl", f"data/tasks/{group}/{part}.jsonl")
    assert "resampler is {" in (said := fails(cli.train, "--phase", "2", "--output-dir", "out"))
    assert "but models/phase1 was" in said
    for phase in "23":
        assert "but models/phase2 was" in fails(
            cli.train, "--phase", phase, "--start", "models/phase2", "--output-dir", "out"
        )
    assert not Path("out").exists()


def test_a_training_does_not_start_from_layers_of_the_llm_that_it_would_not_have(place: Path) -> None:
    Path("models/phase2/llm_top.safetensors").touch()
    said = fails(cli.train, "--phase", "2", "--start", "models/phase2", "--output-dir", "out")
    assert said.startswith("error: models/phase2: was trained with other layers of the LLM")


@pytest.mark.parametrize("option", [("--limit", "3"), ("--max-context-tokens", "5"), ("--data", "sets")])
def test_options_of_public_sets_alone_are_refused(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.evaluate(["--checkpoint", "models/phase2", *option])
    assert f"{option[0]} is for public sets" in capsys.readouterr().err


def test_a_phase_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.train(["--phase", "4"])
    assert "invalid choice: 4" in capsys.readouterr().err


def test_the_demo_tells_an_answer_and_its_chunks(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo", "--text", "notes.txt", "--question", "Which capital has Peru?"])
    demo.main()
    said = capsys.readouterr().out
    assert said.startswith("answer: ")
    assert f"{PARAMS.resampler.n_latents} memory tokens" in said
    assert re.search(r"^  chunk \d+: '", said, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "question", "message"),
    [
        ("none.txt", "Who?", "none.txt: cannot be read as UTF-8 text"),
        ("bytes.txt", "Who?", "bytes.txt: cannot be read as UTF-8 text"),
        ("empty.txt", "Who?", "context 0 of the batch is empty"),
        ("notes.txt", " ", "query 0 of the batch is empty"),
    ],
)
def test_the_demo_says_what_went_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch, text: str, question: str, message: str
) -> None:
    (place / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    (place / "empty.txt").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["demo", "--text", text, "--question", question])
    assert message in fails(lambda _: demo.main())


def test_the_demo_without_a_model_says_what_to_run(place: Path) -> None:
    with pytest.raises(ValueError, match=r"models/none: no checkpoint there .*run `dvc repro` first"):
        demo.tell(Path("notes.txt"), "Who?", Path("models/none"), Path("models/llm"))
    with pytest.raises(ValueError, match=r"no LLM there"):
        demo.tell(Path("notes.txt"), "Who?", Path("models/phase2"), Path("models/none"))
