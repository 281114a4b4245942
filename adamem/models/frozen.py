"""Linear layers for a frozen LLM.

On CPUs the product `gradient @ weight` in bfloat16 falls on a slow kernel, while `x @ weight.T` does not: one
transposed copy of each weight makes a training step through SmolLM2-135M about twice as fast.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _FrozenProduct(torch.autograd.Function):
    """`x @ weight.T` whose backward pass needs neither the input nor a gradient of the weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, transposed: Tensor) -> Tensor:
        ctx.transposed = transposed
        return F.linear(x, weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return F.linear(grads[0], ctx.transposed), None, None


class FrozenLinear(nn.Module):
    """A linear layer that is never trained; keeps its weight and a transposed copy (twice the bytes)."""

    weight: Tensor
    transposed: Tensor
    bias: Tensor | None

    def __init__(self, source: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = source.in_features, source.out_features
        weight = source.weight.detach()
        self.register_buffer("weight", weight)
        self.register_buffer("transposed", weight.t().contiguous(), persistent=False)
        self.register_buffer("bias", None if source.bias is None else source.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        product = _FrozenProduct.apply(x, self.weight, self.transposed)
        return product if self.bias is None else product + self.bias


class MasterLinear(nn.Module):
    """A trainable linear layer: float32 weights, computed in the dtype of its input.

    Updates of bfloat16 weights at small learning rates round to nothing; float32 masters keep them.
    """

    def __init__(self, source: nn.Module) -> None:
        super().__init__()
        weight, bias = source.weight, source.bias
        assert isinstance(weight, Tensor)
        self.weight = nn.Parameter(weight.detach().float().clone())
        self.bias = nn.Parameter(bias.detach().float().clone()) if isinstance(bias, Tensor) else None

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.linear(x, self.weight.to(x.dtype), bias)


def replace_linears(module: nn.Module, kind: type[FrozenLinear] | type[MasterLinear]) -> None:
    """Exchange every linear layer below `module`, in place."""
    for name, child in module.named_children():
        if isinstance(child, (nn.Linear, FrozenLinear)) and not isinstance(child, kind):
            setattr(module, name, kind(child))  # type: ignore[arg-type]
        else:
            replace_linears(child, kind)
