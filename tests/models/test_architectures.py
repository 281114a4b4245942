"""Any causal LLM: what the tests elsewhere show on a Llama holds for the other architectures."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from adamem.baselines.bounds import TunedText
from adamem.baselines.icae import Icae
from adamem.evaluation.answering import Question
from adamem.models.adamem import AdaMem, Output
from adamem.models.host import HostLLM
from adamem.models.statistics import Statistics
from tests import architectures, tiny
from tests.architectures import ARCHITECTURES

every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)
INTERFACES: dict[str, dict[str, Any]] = {
    "soft_prefix": {},
    "deep_prompt": {"interface": {"kind": "deep_prompt"}},
    "prefix_kv": {"interface": {"kind": "prefix_kv", "hidden": 16}},
}
Arguments = dict[str, Any]


def adamem(host: HostLLM, interface: str = "soft_prefix") -> AdaMem:
    """An AdaMem with noise on its weights."""
    torch.manual_seed(1)
    model = AdaMem(tiny.settings(INTERFACES[interface]).model, host)
    model.set_statistics(Statistics.neutral(host.width, host.vocabulary, host.embedding_rms))
    tiny.stirred(model, by=0.01 if interface == "deep_prompt" else 0.05)  # more drowns in every layer what is read
    return model


def arguments(host: HostLLM, items: list[Any]) -> tuple[Arguments, Arguments]:
    """What `forward` is called with, and the part of it that `generate` takes."""
    batch = tiny.batch(host, items)
    asked = {
        "context_ids": batch.context.ids,
        "context_mask": batch.context.mask,
        "query_ids": batch.query.ids,
        "query_mask": batch.query.mask,
    }
    labels = batch.prompt.after.ids.masked_fill(~batch.prompt.targets, -100)
    return {**asked, "decoder_input_ids": batch.prompt.after.ids, "labels": labels}, asked


def bytes_of(host: HostLLM) -> list[bytes]:
    return [weight.numpy().tobytes() for weight in host.model.state_dict().values()]


def own_answer(host: HostLLM, output: Output, item: Any, count: int) -> list[int]:
    """The greedy answer by transformers' own loop, from the same vectors."""
    prompt = torch.tensor([host.frame.prompt(tiny.batch(host, [item]).query.rows()[0])])
    strip = [host.embed(torch.tensor([host.frame.before])), output.memory.tokens, host.embed(prompt)]
    found = host.model.generate(inputs_embeds=torch.cat(strip, 1), max_new_tokens=count, do_sample=False)[0].tolist()
    return [token for token in found if token not in (*host.ends, 0)]


@pytest.mark.parametrize("interface", INTERFACES)
@every_architecture
def test_adamem_works_with_every_architecture(name: str, interface: str) -> None:
    host = architectures.make_host(name)
    model, before = adamem(host, interface), bytes_of(host)
    given, asked = arguments(host, tiny.ITEMS)

    model.train()
    output = model(**given)
    output.loss.backward()
    grads = {place: weight.grad for place, weight in model.named_parameters()}
    assert [place for place, grad in grads.items() if grad is None or not bool(grad.isfinite().all())] == []
    assert all(bool(grad.any()) for place, grad in grads.items() if place.startswith("interface.") and grad is not None)
    assert all(weight.grad is None and not weight.requires_grad for weight in host.model.parameters())

    model.eval()
    whole = model(**given)
    written = model.generate(**asked, max_new_tokens=6)
    coarse = model.encode_context(asked["context_ids"], asked["context_mask"])
    query = {key: asked[key] for key in ("query_ids", "query_mask")}
    assert model.generate(**query, coarse_memory=coarse, max_new_tokens=6) == written
    logits: list[Tensor] = []
    for row, item in enumerate(tiny.ITEMS):
        alone, asked_alone = arguments(host, [item])
        single = model(**alone)
        logits.append(single.logits)
        assert model.generate(**asked_alone, max_new_tokens=6) == [written[row]]
        if interface == "soft_prefix":
            assert own_answer(host, single, item, 6) == written[row]
    assert torch.allclose(torch.cat(logits), whole.logits, atol=1e-4)
    assert len({tuple(row) for row in written}) > 1, "what is read decides what is written"
    assert bytes_of(host) == before


@every_architecture
def test_the_host_reads_as_the_llm_itself(name: str) -> None:
    """Token by token or at once, with a cap on the logits or a scale on the embeddings."""
    host = architectures.make_host(name)
    ids = torch.tensor([[4, 5, 6, 7, 8], [9, 8, 7, 6, 5]])
    with torch.no_grad():
        own = host.model(ids, output_hidden_states=True)
        assert torch.allclose(host.logits(host.read(host.embed(ids))), own.logits, atol=1e-5)
        sunk = host.model(torch.cat([torch.full((2, 1), host.frame.end), ids], 1), output_hidden_states=True)
    for layers in range(3):
        assert torch.allclose(host.features(ids, layers), sunk.hidden_states[layers][:, 1:], atol=1e-5)
    every = host.embed(torch.arange(host.vocabulary)[None])
    assert float(every.square().mean().sqrt()) == pytest.approx(host.embedding_rms, rel=1e-5)


@every_architecture
def test_text_in_the_documents_place_is_read_alike_alone_and_in_a_batch(name: str) -> None:
    """Text goes through a cache of its own, left-padded: `full_context` and its kin."""
    host = architectures.make_host(name)
    method = TunedText(host, 2, full=True)
    batch = tiny.batch(host)
    together = method.read(method.compress(batch.context, batch.query), batch.prompt)
    for row, item in enumerate(tiny.ITEMS):
        one = tiny.batch(host, [item])
        alone = method.read(method.compress(one.context, one.query), one.prompt)
        assert torch.allclose(alone.logits, together.logits[together.rows == row], atol=1e-4)
    together.logits.square().mean().backward()
    assert method.vectors.grad is not None and bool(method.vectors.grad.any())


@every_architecture
def test_in_bfloat16_gradients_pass_and_answers_stay_near(name: str) -> None:
    """Frozen linear layers stand in for the LLM's own there."""
    hosted = [architectures.make_host(name), HostLLM(architectures.make_llm(name).bfloat16(), tiny.make_tokenizer())]
    embeds = hosted[0].embed(torch.tensor([[4, 5, 6, 7]])).requires_grad_()
    logits = [host.logits(host.read(embeds)) for host in hosted]
    assert float((logits[0] - logits[1]).detach().abs().max()) < 0.1 * float(logits[0].detach().abs().max())
    grads = [torch.autograd.grad(found.square().mean(), embeds)[0].flatten() for found in logits]
    assert float(torch.cosine_similarity(*grads, dim=0)) > 0.98
    assert adamem(hosted[1], "prefix_kv").generate(**arguments(hosted[1], tiny.ITEMS)[1], max_new_tokens=3)


@every_architecture
def test_the_top_layers_can_be_unfrozen(name: str) -> None:
    host = architectures.make_host(name)
    ids = torch.tensor([[4, 5, 6]])
    before = host.logits(host.read(host.embed(ids)))
    top = host.unfreeze(1)
    assert top and all(place.startswith("layers.2.") and "norm" not in place for place in top)
    after = host.logits(host.read(host.embed(ids)))
    assert torch.allclose(after, before, atol=1e-5)
    after.square().mean().backward()
    assert all(
        weight.grad is not None and bool(weight.grad.any()) for place, weight in top.items() if "bias" not in place
    )
    assert sum(weight.requires_grad for weight in host.model.parameters()) == len(top)


@every_architecture
def test_lora_finds_its_layers(name: str) -> None:
    host = architectures.make_host(name)
    settings = tiny.settings({"baselines": {"icae": {"encoder": {"kind": "llm_lora", "rank": 2}}}})
    model = tiny.stirred(Icae(settings.baselines.icae, host, 8, 2))
    batch = tiny.batch(host)
    reading = model.read(model.compress(batch.context, batch.query), batch.prompt)
    reading.logits.square().mean().backward()
    adapted = {place: weight.grad for place, weight in model.named_parameters() if "lora_" in place}
    assert len(adapted) == (2 if name == "GPTNeoX" else 4) * 3
    assert all(grad is not None and bool(grad.any()) for grad in adapted.values())


def test_a_list_of_end_tokens_ends_at_each_of_them() -> None:
    """generation_config.json may name several, and the tokenizer another."""
    host = architectures.make_host("Qwen2")
    model = adamem(host)
    _, asked = arguments(host, tiny.ITEMS)
    free = model.generate(**asked, max_new_tokens=6)
    ends = [free[0][2], free[1][1]]
    host.model.generation_config.eos_token_id = ends
    assert host.ends == sorted({2, *ends})
    cut = [next((at for at, token in enumerate(row) if token in ends), len(row)) for row in free]
    assert model.generate(**asked, max_new_tokens=6) == [row[:at] for row, at in zip(free, cut, strict=True)]
    host.model.generation_config.eos_token_id = None
    assert host.ends == [2]


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_memory_that_would_fall_out_of_a_sliding_window_is_refused(interface: str) -> None:
    """The context may be longer than the window: it is read chunk by chunk."""
    wide, narrow = (architectures.make_host("Mistral", sliding_window=window) for window in (110, 20))
    given, asked = arguments(wide, [Question(" ".join(tiny.FACTS * 3), "Capital of Egypt?", "Cairo")])
    assert given["context_ids"].shape[1] > 110
    assert adamem(wide, interface).generate(**asked, max_new_tokens=2)
    with pytest.raises(ValueError, match=r"sliding_window is 20 in the LLM's config\.json"):
        adamem(narrow, interface)(**given)
    with pytest.raises(ValueError, match=r"sliding_window is 20 in the LLM's config\.json"):
        adamem(narrow, interface).generate(**asked)


def test_attention_scores_are_capped_where_the_llm_caps_them() -> None:
    """The fast kernels leave Gemma 2's cap out without a word."""
    ids = torch.tensor([[4, 5, 6, 7, 8]])
    plain, capped = (architectures.make_llm("Gemma2", attn_logit_softcapping=cap) for cap in (None, 0.5))
    with torch.no_grad():
        assert torch.allclose(capped(ids).logits, plain(ids).logits)  # as transformers loads it
        host = HostLLM(capped, tiny.make_tokenizer())
        found = host.logits(host.read(host.embed(ids)))
        assert not torch.allclose(found, plain(ids).logits, atol=1e-3)
    assert HostLLM(plain, tiny.make_tokenizer()).model.config._attn_implementation == "sdpa"
