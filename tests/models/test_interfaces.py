"""Stage C and the projection before it."""

from __future__ import annotations

import pytest
import torch

from adamem import config
from adamem.models import architecture, interfaces
from adamem.models.host import HostLLM
from adamem.models.interfaces import DeepPrompt, PrefixKV, SoftPrefix
from adamem.models.projection import Projection, rescale
from adamem.models.records import Memory
from adamem.models.silent import Offset
from tests import tiny


def memory(llm: HostLLM) -> Memory:
    torch.manual_seed(0)
    return Memory(torch.randn(2, 5, llm.width), torch.ones(2, 5, dtype=torch.bool))


@pytest.mark.parametrize(
    ("interface", "built", "shared"),
    [
        ({"kind": "soft_prefix"}, SoftPrefix, SoftPrefix),
        ({"kind": "deep_prompt"}, DeepPrompt, DeepPrompt),
        ({"kind": "prefix_kv", "hidden": 8}, PrefixKV, SoftPrefix),
    ],
)
def test_the_settings_name_the_interface(llm: HostLLM, interface: object, built: type, shared: type) -> None:
    """And what baselines have of it, whose vectors stay in the prompt."""
    model = tiny.settings({"interface": interface}).model
    assert type(interfaces.build(model, llm)) is built
    assert type(interfaces.for_vectors(model.interface, llm, 2)) is shared


@pytest.mark.parametrize("start", ["retrieval", "random"])
def test_what_is_picked_gets_no_vectors_between_the_layers(llm: HostLLM, start: str) -> None:
    model = tiny.settings({"interface": {"kind": "deep_prompt"}, "resampler": {"start": start}}).model
    presented, _ = interfaces.build(model, llm).present(memory(llm))
    learned = model.resampler.n_fused if start == "retrieval" else model.resampler.n_latents
    assert presented.deep is not None and presented.deep.shape == (2, learned, llm.width)


def test_a_soft_prefix_has_no_weights_and_changes_nothing(llm: HostLLM) -> None:
    made = SoftPrefix()
    given = memory(llm)
    assert made.present(given) == (given, None)
    assert not list(made.parameters())


def test_a_deep_prompt_starts_as_the_soft_prefix(llm: HostLLM) -> None:
    """Nothing is added at first; then vectors of the size that the states of words have in each layer."""
    made, given = DeepPrompt(3, llm), memory(llm)
    presented, cache = made.present(given)
    assert cache is None and presented.tokens is given.tokens
    assert presented.deep is not None and not presented.deep.detach().any()
    for weight in made.parameters():
        torch.nn.init.constant_(weight, 1 / (DeepPrompt.SLOWER * Offset.PACE))
    deep = made.present(given)[0].deep
    assert deep is not None and deep.shape == (2, 3, llm.width)
    words = torch.tensor([[*llm.frame.before, 4, 5, 6]])
    for one, layers in zip(deep.detach(), (1, 2), strict=True):
        states = architecture.trunk(llm.model.base_model, layers)(words, use_cache=False)[0]
        assert float(one.std()) < 1e-5
        assert 0.3 < float(one.mean() / states.square().mean().sqrt()) < 3


def test_keys_and_values_stand_in_every_layer(llm: HostLLM) -> None:
    made = PrefixKV(config.PrefixKV(kind="prefix_kv", hidden=8), llm)
    given = memory(llm)
    left, cache = made.present(given)
    assert left.tokens.shape == (2, 0, llm.width)
    assert cache is not None
    assert cache.get_seq_length() == 5
    assert [layer.keys is not None and tuple(layer.keys.shape) for layer in cache.layers] == [(2, 2, 5, 8)] * 3
    hidden = llm.read(llm.embed(torch.tensor([[4, 5], [6, 7]])), cache=cache)
    hidden.square().mean().backward()
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in made.parameters())


@pytest.mark.parametrize(
    "settings",
    [config.LinearProjection(kind="linear"), config.MlpProjection(kind="mlp", hidden=8)],
    ids=["linear", "mlp"],
)
def test_a_projection_starts_as_a_rescaling_around_the_mean(
    llm: HostLLM, settings: config.LinearProjection | config.MlpProjection
) -> None:
    made = Projection(settings, llm)
    made.set(tiny.STATISTICS)
    x = torch.randn(2, 5, llm.width, generator=torch.Generator().manual_seed(0))
    found = made(x) - tiny.STATISTICS.embedding_mean
    assert torch.allclose(torch.cosine_similarity(found, x - tiny.STATISTICS.embedding_mean, dim=-1), torch.ones(2, 5))
    assert torch.allclose(found.square().mean(-1).sqrt(), torch.full((2, 5), 0.3), atol=0.01)


def test_rescaling_leaves_nothing_as_nothing() -> None:
    x = torch.stack([torch.zeros(4), torch.full((4,), 1e-3), torch.full((4,), 50.0)]).requires_grad_()
    found = rescale(x, torch.tensor(0.5))
    assert found[0].tolist() == [0.0] * 4
    assert float(found[1].detach().abs().max()) < 0.05
    assert torch.allclose(found[2].square().mean().sqrt(), torch.tensor(0.5), atol=1e-3)
    found.sum().backward()
    assert x.grad is not None
    assert float(x.grad.abs().max()) <= 10.5
