"""Stage C and the projection before it."""

from __future__ import annotations

import pytest
import torch

from adamem import config
from adamem.models import interfaces
from adamem.models.host import HostLLM
from adamem.models.interfaces import PrefixKV, SoftPrefix
from adamem.models.projection import Projection, rescale
from adamem.models.records import Memory
from tests import tiny


def memory(llm: HostLLM) -> Memory:
    torch.manual_seed(0)
    return Memory(torch.randn(2, 5, llm.width), torch.ones(2, 5, dtype=torch.bool))


def test_the_settings_name_the_interface(llm: HostLLM) -> None:
    assert isinstance(interfaces.build(config.SoftPrefix(kind="soft_prefix"), llm), SoftPrefix)
    assert isinstance(interfaces.build(config.PrefixKV(kind="prefix_kv", hidden=8), llm), PrefixKV)


def test_a_soft_prefix_has_no_weights_and_changes_nothing(llm: HostLLM) -> None:
    made = SoftPrefix()
    given = memory(llm)
    assert made.present(given) == (given, None)
    assert not list(made.parameters())


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
