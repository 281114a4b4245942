"""Stage C and the projection before it."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache

from adamem import config
from adamem.models import cache_pairs, interfaces
from adamem.models.host import HostLLM
from adamem.models.interfaces import DeepPrefix, PrefixKV, SoftPrefix
from adamem.models.projection import Projection, rescale
from adamem.models.records import Memory
from adamem.models.silent import Offset
from tests import tiny


def memory(llm: HostLLM) -> Memory:
    torch.manual_seed(0)
    return Memory(torch.randn(2, 5, llm.width), torch.ones(2, 5, dtype=torch.bool))


def test_the_settings_name_the_interface(llm: HostLLM) -> None:
    assert isinstance(interfaces.build(config.SoftPrefix(kind="soft_prefix"), llm, 2), SoftPrefix)
    assert isinstance(interfaces.build(config.DeepPrefix(kind="deep_prefix"), llm, 2), DeepPrefix)
    assert isinstance(interfaces.build(config.PrefixKV(kind="prefix_kv", hidden=8), llm, 2), PrefixKV)


def test_vectors_of_baselines_share_what_stays_in_the_prompt(llm: HostLLM) -> None:
    assert isinstance(interfaces.vectors(config.DeepPrefix(kind="deep_prefix"), llm, 2), DeepPrefix)
    assert isinstance(interfaces.vectors(config.PrefixKV(kind="prefix_kv", hidden=8), llm, 2), SoftPrefix)


def test_a_soft_prefix_has_no_weights_and_changes_nothing(llm: HostLLM) -> None:
    made = SoftPrefix()
    given = memory(llm)
    assert made.present(given) == (given, None)
    assert not list(made.parameters())


def test_a_deep_prefix_starts_as_the_soft_one(llm: HostLLM) -> None:
    """Nothing is added at first; then keys and values of the size that each layer's own have, to the last tokens."""
    made, given = DeepPrefix(3, llm), memory(llm)
    presented, cache = made.present(given)
    assert cache is None
    assert presented.tokens is given.tokens
    assert presented.added is not None
    assert [[tuple(part.shape) for part in pair] for pair in presented.added] == [[(2, 3, 8), (2, 3, 8)]] * 3
    assert not any(bool(part.detach().any()) for pair in presented.added for part in pair)
    with torch.no_grad():
        for weight in made.parameters():
            weight += 1 / Offset.PACE
    added = made.present(given)[0].added
    assert added is not None
    hidden = llm.embed(torch.tensor([[*llm.frame.before, 4, 5, 6]]))
    kept = DynamicCache()
    llm.read(hidden, cache=kept)
    for pair, own in zip(added, cache_pairs.of(kept), strict=True):
        assert all(float(one.detach().std()) < 1e-5 for one in pair)
        for one, other in zip(pair, own, strict=True):
            assert 0.3 < float(one.detach().mean() / other.square().mean().sqrt()) < 3


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
