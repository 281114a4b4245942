"""Parts put back: each weight belongs to one, the others stay, and all parts back are the start of the training."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from adamem.evaluation.parts import PARTS, part_of, parts, without
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.tensor_files import save_tensors
from tests import tiny

LARGEST = {"interface": {"kind": "prefix_kv", "hidden": 16}}
SEED = 7


@pytest.fixture
def began(llm: HostLLM, tmp_path: Path) -> AdaMem:
    """As a training starts."""
    save_tensors(tiny.STATISTICS.tensors(), tmp_path / "statistics.safetensors")
    return AdaMem.fresh(tiny.settings(LARGEST).model, llm, tmp_path / "statistics.safetensors", SEED)


@pytest.fixture
def trained(began: AdaMem) -> AdaMem:
    """Every weight is elsewhere than it began."""
    model = copy.deepcopy(began)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return model


def test_each_part_has_weights_and_one_alone_goes_back(began: AdaMem, trained: AdaMem) -> None:
    assert parts(trained) == list(dict.fromkeys(PARTS.values()))
    start, learned = began.state_dict(), {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    weights = {name for name, _ in trained.named_parameters()}
    for part in parts(trained):
        found = without(trained, part, SEED).state_dict()
        assert found.keys() == learned.keys()
        for name, tensor in found.items():
            source = start if name in weights and part_of(name) == part else learned
            assert torch.equal(tensor, source[name]), f"{name} without {part}"
    assert all(torch.equal(tensor, learned[name]) for name, tensor in trained.state_dict().items())


def test_with_all_parts_back_nothing_of_the_training_is_left(began: AdaMem, trained: AdaMem) -> None:
    model = trained
    for part in parts(trained):
        model = without(model, part, SEED)
    start = began.state_dict()
    assert all(torch.equal(tensor, start[name]) for name, tensor in model.state_dict().items())


def test_without_fusing_what_is_written_is_words_and_constants(llm: HostLLM, trained: AdaMem) -> None:
    fused = trained.settings.resampler.n_fused
    context, query = (TokenBatch.pad([llm.tokenizer(text)["input_ids"]]) for text in tiny.FACTS[:2])
    model = without(trained, "fusing", SEED)
    features = model.features(query)
    made = model.resampler(model.encode(context), features.states, features.mask).tokens[0, -fused:]
    assert torch.equal(made, llm.instruction(fused) + trained.resampler.fuse.shift())


def test_a_part_that_is_not_there_is_refused(llm: HostLLM) -> None:
    model = AdaMem(tiny.settings().model, llm)
    assert "interface" not in parts(model)
    with pytest.raises(ValueError, match="no part 'interface' has weights; there are: chunk_encoder, selection, edges"):
        without(model, "interface", SEED)
    with pytest.raises(ValueError, match=r"head\.weight: a weight of no part that is known"):
        part_of("head.weight")
