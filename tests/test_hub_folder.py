"""An LLM in the hub's own files, from `llm.source.kind: folder` to an answer: the path of the gpu profile, in small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from adamem import config
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from adamem.models.statistics import Statistics
from adamem.training.scratch import Scratch
from stages import llm as stage
from tests import hub_folder, tiny
from tests.training import small


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, once."""
    return hub_folder.write(tmp_path_factory.mktemp("hub") / "Qwen2-tiny")


@pytest.fixture
def params(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.AdaMemConfig:
    """A project that names the folder, and the working directory in it."""
    source = {"kind": "folder", "path": str(hub)}
    tree = tiny.settings({"llm": {"dtype": "float32"}}).model_dump(mode="json")
    tree["llm"]["source"] = source
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(tree, file)
    return config.load()


def test_the_folder_is_the_hubs(hub: Path) -> None:
    names = {path.name for path in hub.iterdir()}
    assert names == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((hub / "config.json").read_text())["architectures"] == ["Qwen2ForCausalLM"]
    assert len(json.loads((hub / "generation_config.json").read_text())["eos_token_id"]) == 2


def test_the_stage_takes_it_in_and_adamem_learns_and_answers_on_it(params: config.AdaMemConfig, tmp_path: Path) -> None:
    stage.main()
    llm = host.load(Path("models/llm"), params.llm)
    names = [llm.tokenizer.convert_ids_to_tokens(token) for token in llm.ends]
    assert names == ["<|endoftext|>", "<|im_end|>"]
    assert llm.tokenizer.decode([*llm.frame.before, *llm.frame.after]).startswith("<|im_start|>system\nAnswer with")
    assert llm.vocabulary == hub_folder.VOCABULARY > len(llm.tokenizer)

    torch.manual_seed(0)
    model = AdaMem(params.model, llm)
    model.set_statistics(Statistics.neutral(llm.width, llm.vocabulary, llm.embedding_rms))
    before = {name: weight.clone() for name, weight in llm.model.state_dict().items()}
    few = small.SETTINGS.model_copy(update={"steps": 4, "validate_every": 2})
    steps = small.Training(model, few, Scratch(tmp_path / ".scratch")).steps()
    assert steps[-1].values["validation_loss"] < steps[0].values["validation_loss"]
    assert all(torch.equal(weight, before[name]) for name, weight in llm.model.state_dict().items())

    checkpoint.save(model, Path("models/phase2"), params.model)
    again = checkpoint.load(Path("models/phase2"), host.load(Path("models/llm"), params.llm)).eval()
    context, query = tiny.ids(llm, *tiny.FACTS[:2]), tiny.ids(llm, " Which capital?", " Where is it?")
    answers = again.generate(query.ids, context.ids, None, context.mask, query.mask, max_new_tokens=4)
    coarse = again.encode_context(context.ids, context.mask)
    assert again.generate(query.ids, None, coarse, None, query.mask, max_new_tokens=4) == answers
    assert answers == model.eval().generate(query.ids, context.ids, None, context.mask, query.mask, max_new_tokens=4)
    assert all(isinstance(llm.tokenizer.decode(answer), str) for answer in answers)


def test_adamem_sets_itself_up_on_the_folder(hub: Path) -> None:
    """`AdaMem(config.model)` and `setup_llm`, as a user writes it."""
    model = AdaMem(tiny.settings().model)
    model.setup_llm(hub, dtype="float32")
    ids = torch.tensor([[4, 5, 6, 7]])
    assert len(model.generate(ids, ids, max_new_tokens=2)) == 1
