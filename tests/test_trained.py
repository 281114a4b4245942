"""The door to a trained compressor: whoever opens it gets what was trained, ready to answer."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from adamem import config, tracking, trained
from adamem.evaluation import answering
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from adamem.tracking.registry import Opener
from tests import tiny

PARAMS = tiny.settings({"llm": {"dtype": "float32"}})
TEXT, QUESTION = " ".join(tiny.FACTS), "Which capital has Peru?"


@pytest.fixture
def saved(tmp_path: Path, llm_folder: Path) -> Path:
    torch.manual_seed(0)
    model = AdaMem(PARAMS.model, host.load(llm_folder, PARAMS.llm))
    checkpoint.save(model, tmp_path / "phase2", PARAMS.model)
    return tmp_path


def test_layers_that_phase_3_changed_are_in_their_places(saved: Path, llm_folder: Path) -> None:
    model = trained.load(saved / "phase2", llm_folder, PARAMS.llm)
    top = model.host.unfreeze(2)
    with torch.no_grad():
        for weight in top.values():
            weight += 0.05
    checkpoint.save(model, saved / "phase3", PARAMS.model, top)
    ids = torch.tensor([[4, 5, 6]])
    changed = trained.load(saved / "phase3", llm_folder, PARAMS.llm).host
    assert torch.equal(changed.read(changed.embed(ids)), model.host.read(model.host.embed(ids)))
    untouched = trained.load(saved / "phase2", llm_folder, PARAMS.llm).host
    assert not torch.equal(untouched.read(untouched.embed(ids)), changed.read(changed.embed(ids)))


def test_it_answers_at_once_as_it_does_in_evaluation(saved: Path, llm_folder: Path) -> None:
    model = trained.load(saved / "phase2", llm_folder, PARAMS.llm)
    assert not model.training and not model.host.model.training
    [asked] = answering.answers(model, [answering.Question(TEXT, QUESTION)], PARAMS.evaluation)
    assert answering.ask(model, TEXT, QUESTION, PARAMS.evaluation).text == asked.text


def test_a_damaged_file_is_named(saved: Path, llm_folder: Path, tmp_path: Path) -> None:
    weights = llm_folder / "model.safetensors"
    broken = tmp_path / "llm"
    broken.mkdir()
    for path in llm_folder.iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: 1000 if path == weights else None])
    with pytest.raises(ValueError, match=r"phase2 on .*llm: cannot be read"):
        trained.load(saved / "phase2", broken, PARAMS.llm)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_an_llm_that_brings_code_is_refused(saved: Path, llm_folder: Path, tmp_path: Path, name: str) -> None:
    evil = tmp_path / "evil"
    shutil.copytree(llm_folder, evil)
    record = json.loads((evil / name).read_text(encoding="utf-8"))
    (evil / name).write_text(
        json.dumps({**record, "auto_map": {"AutoModelForCausalLM": "mine.Mine"}}), encoding="utf-8"
    )
    with pytest.raises(ValueError, match=rf"{name}: names code of its own"):
        trained.load(saved / "phase2", evil, PARAMS.llm)


def test_the_registered_model_asks_the_compressor(
    saved: Path, llm_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openers: list[Opener] = []
    monkeypatch.setattr(tracking, "serve", openers.append)
    monkeypatch.delitem(sys.modules, "adamem.served", raising=False)
    importlib.import_module("adamem.served")
    settings = {"llm": PARAMS.llm.model_dump(), "evaluation": PARAMS.evaluation.model_dump()}
    answer = openers[0]({"llm": str(llm_folder), "compressor": str(saved / "phase2")}, settings)
    model = trained.load(saved / "phase2", llm_folder, config.Llm.model_validate(settings["llm"]))
    assert answer(TEXT, QUESTION) == answering.ask(model, TEXT, QUESTION, PARAMS.evaluation).text
