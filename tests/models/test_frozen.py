"""Linear layers of a frozen LLM: the same numbers as `nn.Linear`, and no gradient where none belongs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from adamem.models.frozen import FrozenLinear, MasterLinear, replace_linears


@pytest.fixture(params=[True, False], ids=["bias", "no-bias"])
def linear(request: pytest.FixtureRequest) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(6, 4, bias=request.param)


@pytest.mark.parametrize("shape", [(6,), (3, 6), (2, 3, 6)], ids=str)
def test_a_frozen_linear_layer_is_the_layer(linear: nn.Linear, shape: tuple[int, ...]) -> None:
    frozen = FrozenLinear(linear)
    ours, theirs = (torch.ones(shape).cumsum(-1).requires_grad_() for _ in range(2))
    found, expected = frozen(ours), linear(theirs)
    assert torch.allclose(found, expected, atol=1e-6)
    found.square().sum().backward()
    expected.square().sum().backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-5)


def test_a_frozen_linear_layer_has_nothing_to_train(linear: nn.Linear) -> None:
    frozen = FrozenLinear(linear)
    assert not list(frozen.parameters())
    assert frozen.state_dict().keys() == linear.state_dict().keys()
    assert (frozen.in_features, frozen.out_features) == (6, 4)


def test_a_master_layer_keeps_small_updates() -> None:
    source = nn.Linear(4, 4, dtype=torch.bfloat16)
    with torch.no_grad():
        source.weight.fill_(1.0)
    master = MasterLinear(source)
    x = torch.ones(1, 4, dtype=torch.bfloat16)
    assert torch.equal(master(x), source(x))
    with torch.no_grad():
        master.weight.add_(1e-4)
        source.weight.add_(1e-4)
    assert float(source.weight.detach().float().max()) == 1.0
    assert float(master.weight.detach().max()) > 1.0
    assert master(x).dtype == torch.bfloat16


def test_a_master_layer_can_be_made_of_a_frozen_one(linear: nn.Linear) -> None:
    x = torch.ones(2, 6)
    assert torch.allclose(MasterLinear(FrozenLinear(linear))(x), linear(x), atol=1e-6)


def test_replacing_reaches_every_depth_once(linear: nn.Linear) -> None:
    tree = nn.Sequential(linear, nn.ModuleDict({"inner": nn.Sequential(nn.Linear(4, 6), nn.GELU())}))
    x = torch.ones(1, 6)
    assert isinstance(tree[0], nn.Linear)
    first = tree[0](x)
    replace_linears(tree, FrozenLinear)
    frozen = [module for module in tree.modules() if isinstance(module, FrozenLinear)]
    assert len(frozen) == 2
    assert torch.allclose(tree[0](x), first)
    replace_linears(tree, FrozenLinear)
    assert [module for module in tree.modules() if isinstance(module, FrozenLinear)] == frozen
