"""The frozen LLM: features, dtypes, identity, and what phase 3 may change of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError

from adamem import config
from adamem.models import host as hosts
from adamem.models.frame import ChatFrame
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from tests import tiny


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_padding_does_not_reach_the_features(llm: HostLLM, layers: int) -> None:
    short = torch.tensor([[9, 8, 7, 6, 5]])
    padded = torch.tensor([[9, 8, 7, 6, 5, 77, 78, 79], [1, 2, 3, 4, 5, 6, 7, 8]])
    found = llm.features(padded, layers)
    assert found.shape == (2, 8, llm.width)
    assert torch.allclose(found[:1, :5], llm.features(short, layers), atol=1e-5)


def test_features_of_layer_zero_are_the_embeddings(llm: HostLLM) -> None:
    ids = torch.tensor([[4, 5, 6]])
    assert torch.equal(llm.features(ids, 0), llm.embed(ids))


def test_the_first_token_is_read_behind_a_sink(llm: HostLLM) -> None:
    """Alone, a first token would look the same whatever it attends to."""
    plain = llm.model.base_model(torch.tensor([[4]]), output_hidden_states=True).hidden_states[1]
    assert not torch.allclose(llm.features(torch.tensor([[4]]), 1), plain, atol=1e-3)


@pytest.mark.parametrize("layers", [-1, 4])
def test_feature_layers_that_the_llm_has_not(llm: HostLLM, layers: int) -> None:
    with pytest.raises(ValueError, match=rf"feature_layers is {layers}, but the LLM has 3 layers: choose 0 to 3"):
        llm.features(torch.tensor([[1]]), layers)


def test_the_llm_is_cut_off_without_being_changed(llm: HostLLM) -> None:
    ids = torch.tensor([[4, 5, 6]])
    before = llm.model(ids).logits
    llm.features(ids, 1)
    assert torch.equal(llm.model(ids).logits, before)
    assert len(llm.layers) == 3


def test_shapes_are_checked_in_tests(llm: HostLLM) -> None:
    with pytest.raises(TypeCheckError):
        llm.features(torch.tensor([1, 2, 3]), 1)
    with pytest.raises(TypeCheckError):
        TokenBatch(torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 4, dtype=torch.bool))


def test_in_bfloat16_gradients_pass_and_the_answer_stays_near() -> None:
    """Frozen linear layers stand in for the LLM's own there."""
    full, half = tiny.make_host(), tiny.make_host(dtype=torch.bfloat16)
    embeds = full.embed(torch.tensor([[4, 5, 6, 7]])).requires_grad_()
    expected = full.logits(full.read(embeds))
    found = half.logits(half.read(embeds))
    assert found.dtype == torch.float32
    assert float((found - expected).detach().abs().max()) < 0.1 * float(expected.detach().abs().max())
    gradients = [torch.autograd.grad(logits.square().mean(), embeds)[0] for logits in (expected, found)]
    assert float(torch.cosine_similarity(*(gradient.flatten() for gradient in gradients), dim=0)) > 0.99


def test_identity_tells_llms_and_tokenizers_apart(llm: HostLLM) -> None:
    assert tiny.make_host().identity == llm.identity
    assert tiny.make_host(seed=1).identity.llm != llm.identity.llm
    assert tiny.make_host(layers=2).identity.llm != llm.identity.llm
    other = HostLLM(tiny.make_llm(), tiny.make_tokenizer(("Quite another text.",)))
    assert other.identity.llm == llm.identity.llm
    assert other.identity.tokenizer != llm.identity.tokenizer


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
def test_identity_does_not_depend_on_the_dtype_it_is_run_in(tmp_path: Path, stored: torch.dtype) -> None:
    """A checkpoint trained on one processor must load on another: `dtype: auto` may differ between them."""
    tiny.make_llm(dtype=stored).save_pretrained(tmp_path)
    tiny.make_tokenizer().save_pretrained(tmp_path)
    full = hosts.from_pretrained(str(tmp_path), torch.float32)
    half = hosts.from_pretrained(str(tmp_path), torch.bfloat16)
    assert (full.dtype, half.dtype) == (torch.float32, torch.bfloat16)
    assert full.identity == half.identity


def test_code_beside_an_llm_is_refused_and_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal, transformers asks whether it may run it unless it was told."""
    tiny.make_llm().save_pretrained(tmp_path)
    tiny.make_tokenizer().save_pretrained(tmp_path)
    place = tmp_path / "config.json"
    named = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Model"}}
    place.write_text(json.dumps(json.loads(place.read_text(encoding="utf-8")) | named), encoding="utf-8")
    (tmp_path / "own.py").write_text("raise SystemExit('code of the LLM was run')\n", encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asked"))
    with pytest.raises(ValueError, match="custom code"):
        hosts.from_pretrained(str(tmp_path), torch.float32)


def test_unfreezing_opens_the_linear_layers_of_the_top_and_nothing_else() -> None:
    llm = tiny.make_host(dtype=torch.bfloat16)
    ids = torch.tensor([[4, 5, 6]])
    before = llm.logits(llm.read(llm.embed(ids)))
    top = llm.unfreeze(2)
    assert len(top) == 14
    assert {name.rsplit(".", 1)[0] for name in top} >= {"layers.1.self_attn.q_proj", "layers.2.mlp.down_proj"}
    assert all(weight.dtype == torch.float32 and weight.requires_grad for weight in top.values())
    opened = {id(weight) for weight in top.values()}
    assert all(weight.requires_grad == (id(weight) in opened) for weight in llm.model.parameters())
    after = llm.logits(llm.read(llm.embed(ids)))
    assert torch.allclose(after, before, atol=1e-2)
    after.square().mean().backward()
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in top.values())


def test_loading_from_a_folder(llm_folder: Path, llm: HostLLM, tmp_path: Path) -> None:
    settings = tiny.settings().llm.model_copy(update={"dtype": "float32"})
    assert hosts.load(llm_folder, settings).identity == llm.identity
    with pytest.raises(ValueError, match=r"no LLM there \(config.json is missing\); run `dvc repro llm` first"):
        hosts.load(tmp_path, settings)


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
def test_a_named_dtype_is_taken(name: str) -> None:
    assert hosts.resolve_dtype(name) == getattr(torch, name)
    assert config.Llm.model_fields["dtype"]


@pytest.mark.parametrize("able", ["avx512_bf16", "amx_bf16", None])
def test_an_automatic_dtype_is_one_that_the_processor_multiplies_in(
    able: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AVX512 alone emulates bfloat16, and oneDNN calls that supported."""
    flags = {"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags | ({able: True} if able else {}))
    assert hosts.resolve_dtype("auto") is (torch.bfloat16 if able else torch.float32)


def test_an_automatic_dtype_suits_this_machine() -> None:
    assert hosts.resolve_dtype("auto") in (torch.float32, torch.bfloat16)


def test_the_frame_is_the_tokenizers_own_template(llm: HostLLM) -> None:
    frame = llm.frame
    text = llm.tokenizer.decode([*frame.before, *frame.prompt([88])])
    assert text.count("<|im_start|>") == 3
    assert text.startswith("<|im_start|>system\n")
    assert "<|im_start|>assistant\n" in text
    assert llm.tokenizer.decode([frame.end]) == "<|im_end|>"


def test_without_a_template_the_frame_is_plain() -> None:
    tokenizer = tiny.make_tokenizer()
    tokenizer.chat_template = None
    frame = ChatFrame.of(tokenizer)
    text = str(tokenizer.decode([*frame.before, *frame.prompt([88])]))
    assert "<|im_start|>" not in text
    assert str(tokenizer.decode([88])) in text
