"""Vectors that are added between the layers of the LLM, whose weights and code stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn


@dataclass(frozen=True)
class Added:
    """`vectors` of N layers, and which of the F is added at each position of a batch, from 1; 0 where none is."""

    vectors: Float[Tensor, "N F D"]
    slots: Int[Tensor, "B T"]

    @contextmanager
    def given_to(self, layers: Iterable[nn.Module]) -> Iterator[None]:
        """While it is open, these N layers get their input with the vectors added. Gradients reach the vectors."""
        places = self.slots.nonzero(as_tuple=True)
        which = self.slots[places] - 1
        hooks = [
            layer.register_forward_pre_hook(_adds(places, vectors[which]))
            for layer, vectors in zip(layers, self.vectors, strict=True)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _adds(places: tuple[Tensor, ...], vectors: Float[Tensor, "n D"]) -> Any:
    def hook(layer: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden, *others = given
        return hidden.index_put(places, vectors.to(hidden.dtype), accumulate=True), *others

    return hook
