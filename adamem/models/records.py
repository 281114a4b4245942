"""The records that travel between modules.

Letters, as everywhere: B batch, L context tokens, K memory tokens, A tokens after the memory, D width of the LLM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class TokenBatch:
    """Token ids, padded on the right. `mask` is true where a token is real."""

    ids: Int[Tensor, "B L"]
    mask: Bool[Tensor, "B L"]

    @classmethod
    def pad(cls, rows: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> TokenBatch:
        """Rows of different lengths as one batch; at least one column wide."""
        width = max([1, *(len(row) for row in rows)])
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        mask = torch.zeros(len(rows), width, dtype=torch.bool)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[index, : len(row)] = True
        return cls(ids.to(device), mask.to(device))

    def to(self, device: torch.device | str) -> TokenBatch:
        return TokenBatch(self.ids.to(device), self.mask.to(device))

    def rows(self) -> list[list[int]]:
        """The real tokens of every row."""
        return [ids[mask].tolist() for ids, mask in zip(self.ids, self.mask, strict=True)]


@dataclass(frozen=True)
class Features:
    """What Stage B knows of the queries: standardised states of the LLM's early layers. `mask` is true at real ones."""

    states: Float[Tensor, "B Lq D"]
    mask: Bool[Tensor, "B Lq"]


@dataclass(frozen=True)
class Memory:
    """What a method puts in the document's place, before the question.

    `text` are frozen vectors (embedded tokens) that come first; `tokens` are vectors the method made, and the
    only part that gradients reach. `picks` says which coarse states each memory token was made from, where the
    method can tell: `[B, R, M]`, rows sum to one. `attention` is the distribution over the states that they were
    picked by, as log-probabilities, with -inf at padding; `window` is the number of context tokens of a state. `deep`
    is added to what every layer of the LLM but the first gets of the last F of `tokens`; gradients reach it, too.
    """

    tokens: Float[Tensor, "B K D"]
    mask: Bool[Tensor, "B K"]
    text: Float[Tensor, "B L D"] | None = None
    text_mask: Bool[Tensor, "B L"] | None = None
    picks: Float[Tensor, "B R M"] | None = None
    attention: Float[Tensor, "B M"] | None = None
    window: int = 0
    deep: Float[Tensor, "N F D"] | None = None

    def lengths(self) -> Int[Tensor, " B"]:
        """Decoder positions taken, per row."""
        taken = self.mask.sum(1)
        return taken if self.text_mask is None else taken + self.text_mask.sum(1)


@dataclass(frozen=True)
class Prompt:
    """What stands around the memory: `before` it, the same for every row, and `after` it.

    `targets` is true at the positions of `after` that the model is to write (all false when it shall generate).
    """

    before: Int[Tensor, " H"]
    after: TokenBatch
    targets: Bool[Tensor, "B A"]

    def to(self, device: torch.device | str) -> Prompt:
        return Prompt(self.before.to(device), self.after.to(device), self.targets.to(device))


@dataclass(frozen=True)
class Reading:
    """The frozen LLM's prediction at every target position, rows of a batch joined: n = number of targets."""

    logits: Float[Tensor, "n V"]
    labels: Int[Tensor, " n"]
    rows: Int[Tensor, " n"]
    memory: Memory
