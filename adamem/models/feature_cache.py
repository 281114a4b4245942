"""Early features of rows that come back: training asks for the same contexts more than once.

What is kept is what the LLM returned, bit for bit. A row that is computed alone, since the others of its batch are
there already, can differ from the same row in that batch by the last bits of float32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

Key = tuple[int, bytes]  # layers and token ids


class FeatureCache:
    """The states of rows of token ids, in the order they came, until `limit` bytes are full."""

    def __init__(self, limit: int = 0) -> None:
        self.limit, self.size = limit, 0
        self._kept: dict[Key, Float[Tensor, "L D"]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(
        self, layers: int, ids: Int[Tensor, "B L"], compute: Callable[[Int[Tensor, "B L"]], Float[Tensor, "B L D"]]
    ) -> Float[Tensor, "B L D"]:
        """The states of all rows after so many layers; `compute` makes those that are missing."""
        if not self.limit:
            return compute(ids)
        keys = [(layers, row.numpy().tobytes()) for row in ids.cpu()]
        missing = [index for index, key in enumerate(keys) if key not in self._kept]
        made = dict(zip(missing, compute(ids[missing]), strict=True)) if missing else {}
        for index, states in made.items():
            self._keep(keys[index], states)
        rows = [made[index] if index in made else self._kept[key].to(ids.device) for index, key in enumerate(keys)]
        return torch.stack(rows)

    def _keep(self, key: Key, states: Float[Tensor, "L D"]) -> None:
        if key not in self._kept and self.size + states.nbytes <= self.limit:
            self._kept[key] = states.cpu().clone()
            self.size += states.nbytes
