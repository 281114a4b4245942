"""The three phases and the trained baselines on data as the stages leave it, from end to end in a few steps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.catalogue import Bench
from adamem.benchmarks import item
from adamem.benchmarks.item import Item
from adamem.data import tokens, windows
from adamem.data.documents import Document
from adamem.data.examples import Encoded, TaskItem
from adamem.data.tokens import TokenStore
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from adamem.models.frame import ChatFrame
from adamem.models.host import HostLLM
from adamem.models.tensor_files import save_tensors
from adamem.training import fitting, phases, statistics, teacher
from tests import tiny

NEED_EMBEDDER = {"rag", "rag_minilm_tuned", "rag_minilm_written"}
FEW = {"steps": 2, "batch_size": 4, "accumulate": 1, "validate_every": 1, "validation_examples": 4}
PARAMS = tiny.settings(
    {
        "llm": {"dtype": "float32"},
        "phase1": {
            "teacher": {"windows": 6, "context_tokens": 24, "prefix_tokens": 4, "continuation_tokens": 4, "top_k": 4},
            "optimiser": FEW,
        },
        "phase2": {"optimiser": FEW, "selector": FEW},
        "phase3": {"optimiser": FEW, "unfrozen_layers": 1},
        "baselines": {name: {"optimiser": FEW} for name in ("full_context_tuned", "no_context_tuned", "rag_tuned")},
    }
)


def _item(group: str, number: int) -> Item:
    fact = tiny.FACTS[number % 3]
    target = fact.split()[0]
    return Item(
        id=f"{group}-{number}",
        group=group,
        kind="capital",
        context=" ".join(tiny.FACTS),
        documents=((0, len(fact)),),
        question=f"Which capital, number {number}?",
        target=target,
        references=(target,),
        gold=(0,),
        entities=(f"country:{number}",),
        wording=0,
        lexical=True,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, llm_folder: Path) -> Path:
    """What the stages before phase 1 leave behind."""
    root = tmp_path_factory.mktemp("world")
    shutil.copytree(llm_folder, root / "models" / "llm")
    llm = host.load(root / "models/llm", PARAMS.llm)
    documents = [Document(f"speech:{number}", " ".join(tiny.FACTS * 3)) for number in range(40)]
    tokens.write(documents, llm.tokenizer, root / "data/tokens", PARAMS.data.tokens, PARAMS.chunk_encoder.chunk_size)
    store = TokenStore.open(root / "data/tokens", "train")
    found = statistics.of_corpus(llm, store, PARAMS.chunk_encoder, PARAMS.seed)
    (root / "models/features").mkdir()
    save_tensors(found.tensors(), root / "models/features/statistics.safetensors")
    drawn = windows.for_training(root / "data/tokens", PARAMS.phase1.teacher, PARAMS.seed)
    (root / "data/teacher").mkdir()
    save_tensors(teacher.kept(llm, drawn, PARAMS.phase1.teacher), root / "data/teacher/train.safetensors")
    for group in config.GROUPS:
        for part in ("train", "validation"):
            item.write(root / "data/tasks" / group / f"{part}.jsonl", [_item(group, number) for number in range(4)])
    return root


@pytest.fixture(autouse=True)
def _scratch_elsewhere(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(world))


def _llm(world: Path) -> HostLLM:
    return host.load(world / "models/llm", PARAMS.llm)


def test_each_phase_goes_on_from_the_one_before(world: Path) -> None:
    for number in (1, 2, 3):
        llm = _llm(world)
        before = {name: weight.clone() for name, weight in llm.model.state_dict().items()}
        phase = phases.PHASES[number](PARAMS, llm, world, None)
        with phase.steps(world / f"models/phase{number}") as made:
            steps = list(made)
        assert [step.number for step in steps] == ([0, 1, 2, 2, 3, 4] if number == 2 else [0, 1, 2])
        assert ("kl" in steps[-1].values, "contrastive" in steps[-1].values) == (number == 1, number > 1)
        after = llm.model.state_dict()
        changed = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
        assert all(name.startswith("model.layers.2.") for name in changed)
        assert number == 3 or not changed
        assert (world / f"models/phase{number}/llm_top.safetensors").exists() == (number == 3)
    assert not list(world.glob(".scratch/*/*"))


@pytest.mark.parametrize("number", phases.PHASES)
def test_a_phase_begins_with_the_weights_of_the_checkpoint_it_is_given(world: Path, number: int) -> None:
    trained = tiny.stirred(AdaMem(PARAMS.model, _llm(world)))
    checkpoint.save(trained, world / "mine", PARAMS.model)
    begun = phases.PHASES[number](PARAMS, _llm(world), world, world / "mine").model.state_dict()
    assert begun.keys() == trained.state_dict().keys()
    assert all(torch.equal(begun[name], weight) for name, weight in trained.state_dict().items())


@pytest.mark.parametrize("name", sorted(set(fitting.FITTERS) - NEED_EMBEDDER))
def test_each_baseline_is_fitted_and_saved(world: Path, name: str) -> None:
    bench = Bench(_llm(world), PARAMS, world / "models")
    out = world / "models/baselines" / name
    chosen = world / "models/baselines/rag/chunks.json"
    chosen.parent.mkdir(parents=True, exist_ok=True)
    chosen.write_text('{"rag_bm25_k": {"chunk_tokens": 4}}', encoding="utf-8")
    checkpoint.save(tiny.stirred(catalogue.untrained_adamem(bench)), world / "models/phase2", PARAMS.model)
    with fitting.FITTERS[name](bench, world / "data", out) as made:
        steps = list(made)
    parts = {"icae": 2, "autocompressor": 2, "adamem_query_free": 3}
    assert len(steps) == 3 * parts.get(name, 1)
    assert sorted(step.number for step in steps) == [step.number for step in steps]
    assert (out / "weights.safetensors").is_file()
    assert not list(world.glob(".scratch/*/*"))
    before = catalogue.untrained(bench, name).state_dict()
    after = catalogue.entry(name).load(bench).state_dict()
    kept = {key: after.pop(key) for key in list(after) if key.startswith("selector.")}
    assert any(not torch.equal(tensor, before[key]) for key, tensor in after.items())
    if kept:
        trained = checkpoint.load(world / "models/phase2", bench.host).state_dict()
        assert all(torch.equal(tensor, trained[key.removeprefix("selector.")]) for key, tensor in kept.items())


def test_phase_2_encodes_each_question_once(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding out what to pick and answering ask the same questions."""
    asked: list[TaskItem] = []
    encode = Encoded.of

    def counted(item: TaskItem, tokenizer: object, frame: ChatFrame) -> Encoded:
        asked.append(item)
        return encode(item, tokenizer, frame)

    model = AdaMem.fresh(PARAMS.model, _llm(world), world / "models/features/statistics.safetensors", 0)
    monkeypatch.setattr(Encoded, "of", counted)
    trainings = phases.answering(model, PARAMS, world, "phase2", [])
    for training in trainings:
        for step in range(1, training.settings.steps + 1):
            training.objective.loss(step, 0)
    assert asked
    assert len(asked) == len(set(asked))


def test_a_folder_with_other_files_is_refused_before_training(world: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    phase = phases.phase1(PARAMS, _llm(world), world)
    with pytest.raises(ValueError, match=r"holds thesis\.tex"), phase.steps(tmp_path) as steps:
        pytest.fail(f"trained: {next(steps)}")
    assert not list(world.glob(".scratch/*/*"))


def test_a_phase_without_the_one_before_says_what_to_run(world: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"phase1: no checkpoint there .*run `dvc repro` first"):
        phases.phase2(PARAMS, _llm(world), tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        phases.phase1(PARAMS, _llm(world), tmp_path)
