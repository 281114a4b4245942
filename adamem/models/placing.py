"""Putting memory and prompt before the frozen LLM: one place for order, padding, gradients and decoding.

The order is always `[before; text; memory tokens; after]`. Rows are packed to the left and padded on the right, so
that the causal mask alone is right and the fast attention kernels serve; what generation then writes stands behind
the padding, which it masks. Rows that have ended leave the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import DynamicCache

from adamem.models import cache_pairs
from adamem.models.host import HostLLM
from adamem.models.records import Memory, Prompt, Reading, TokenBatch


@dataclass(frozen=True)
class Strip:
    """Vectors in reading order with holes: `mask` is false where nothing stands."""

    embeds: Float[Tensor, "B T D"]
    mask: Bool[Tensor, "B T"]

    def then(self, other: Strip) -> Strip:
        return Strip(torch.cat([self.embeds, other.embeds], 1), torch.cat([self.mask, other.mask], 1))

    def none(self) -> Strip:
        """Nothing, in as many rows."""
        return Strip(self.embeds[:, :0], self.mask[:, :0])

    def packed(self, left: bool) -> Strip:
        """The same vectors without holes inside a row: all padding on the left, or all on the right."""
        order = (self.mask if left else ~self.mask).long().argsort(dim=1, stable=True)
        longest = int(self.mask.sum(1).max())
        order = order[:, -longest:] if left else order[:, :longest]
        index = order[..., None].expand(-1, -1, self.embeds.shape[-1])
        return Strip(self.embeds.gather(1, index), self.mask.gather(1, order))

    def positions(self) -> Int[Tensor, "B T"]:
        """Where each vector stands among the real ones of its row, counted from 0."""
        return (self.mask.long().cumsum(1) - 1).clamp_min(0)


def embed(host: HostLLM, tokens: TokenBatch) -> Strip:
    """Tokens as the LLM embeds them."""
    return Strip(host.embed(tokens.ids), tokens.mask)


def memory_strip(memory: Memory) -> Strip:
    """The trained part of the memory."""
    return Strip(memory.tokens, memory.mask)


def frozen_strip(host: HostLLM, memory: Memory, before: Int[Tensor, " H"]) -> Strip:
    """What no gradient reaches and no method changes: the start of the frame, and text put in as text."""
    rows = before.expand(memory.tokens.shape[0], -1)
    head = embed(host, TokenBatch(rows, torch.ones_like(rows, dtype=torch.bool)))
    if memory.text is None or memory.text_mask is None:
        return head
    return head.then(Strip(memory.text, memory.text_mask))


@dataclass(frozen=True)
class Ahead:
    """What was read already: its keys and values, and which of them are real, where rows differ in that."""

    cache: DynamicCache | None
    seen: Bool[Tensor, "B C"] | None = None

    def real(self, strip: Strip) -> Bool[Tensor, "B C"]:
        """Which of the keys and values are real, for the rows of a strip that follows them."""
        if self.seen is not None:
            return self.seen
        return strip.mask.new_ones(len(strip.mask), 0 if self.cache is None else self.cache.get_seq_length())

    def read(self, host: HostLLM, strip: Strip) -> tuple[Float[Tensor, "B T D"], Ahead]:
        """The last hidden states of what follows, and what was read then."""
        if self.seen is None:  # then its padding stands on the right, and the causal mask alone is right
            return host.read(strip.embeds, cache=self.cache), self
        positions = strip.positions() + self.seen.sum(1, keepdim=True)
        seen = torch.cat([self.seen, strip.mask], 1)
        return host.read(strip.embeds, seen, positions, self.cache), Ahead(self.cache, seen)


def _read_added(host: HostLLM, strip: Strip, memory: Memory, ahead: Ahead) -> tuple[Strip, Ahead]:
    """Reads a strip that ends with the memory tokens, if anything is added to their keys and values: that must have
    happened before they are read themselves. Returns what is still to be read."""
    if memory.added is None:
        return strip, ahead
    strip, cache = strip.packed(left=True), DynamicCache() if ahead.cache is None else ahead.cache
    holes = ahead.seen is not None or not bool(strip.mask.all())
    _, ahead = Ahead(cache, ahead.real(strip) if holes else None).read(host, strip)
    cache_pairs.add(cache, memory.added)
    return strip.none(), ahead


def read_targets(host: HostLLM, memory: Memory, prompt: Prompt, cache: DynamicCache | None = None) -> Reading:
    """Logits at every target position, teacher-forced. The LM head runs at those positions only.

    Text is read first, without gradient, and only its keys and values are kept: no gradient needs to travel
    through a context of hundreds of tokens to reach a few soft vectors behind it.
    """
    rest, ahead = frozen_strip(host, memory, prompt.before), Ahead(cache)
    if memory.text is not None:
        kept = Ahead(DynamicCache() if cache is None else cache)
        with torch.no_grad():
            _, ahead = Ahead(kept.cache, kept.real(rest)).read(host, rest.packed(left=True))
        rest = rest.none()
    rest, ahead = _read_added(host, rest.then(memory_strip(memory)), memory, ahead)
    rest = rest.then(embed(host, prompt.after))
    hidden, _ = ahead.read(host, rest.packed(left=False))
    width = prompt.after.ids.shape[1]
    places = rest.positions()[:, -width:, None]
    after = hidden.gather(1, places.expand(-1, -1, hidden.shape[-1]))
    rows, columns = prompt.targets.nonzero(as_tuple=True)
    return Reading(host.logits(after[rows, columns - 1]), prompt.after.ids[rows, columns], rows, memory)


@torch.no_grad()
def generate(
    host: HostLLM, memory: Memory, prompt: Prompt, max_new_tokens: int, cache: DynamicCache | None = None
) -> list[list[int]]:
    """Greedy answers, one list of token ids per row, without the end token."""
    cache = DynamicCache() if cache is None else cache
    whole = frozen_strip(host, memory, prompt.before).then(memory_strip(memory))
    rest, ahead = _read_added(host, whole, memory, Ahead(cache))
    strip = rest.then(embed(host, prompt.after)).packed(left=False)
    mask = torch.cat([ahead.real(strip), strip.mask], 1)
    hidden, _ = ahead.read(host, strip)
    rows = torch.arange(len(mask), device=mask.device)
    last = hidden[rows, strip.mask.sum(1) - 1]
    return decode(host, last, Standing(cache, mask, mask.long().sum(1)), max_new_tokens)


def refuse_no_tokens(max_new_tokens: int) -> None:
    """Raise ValueError where no token may be written."""
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens is {max_new_tokens}: an answer has at least one token")


@dataclass(frozen=True)
class Standing:
    """Where generation begins: what was read, which of it is real, and the position of each row's next token."""

    cache: DynamicCache
    mask: Bool[Tensor, "B C"]
    positions: Int[Tensor, " B"]


@torch.no_grad()
def decode(host: HostLLM, hidden: Float[Tensor, "B D"], standing: Standing, max_new_tokens: int) -> list[list[int]]:
    """Greedy answers behind the states `hidden` of the last tokens read. Uses the cache up.

    Raises:
        ValueError: no token may be written.
    """
    refuse_no_tokens(max_new_tokens)
    cache, mask, positions = standing.cache, standing.mask, standing.positions
    rows = torch.arange(len(mask), device=mask.device)
    written: list[list[int]] = [[] for _ in rows]
    ends = rows.new_tensor(host.ends)
    while True:
        tokens = host.logits(hidden).argmax(-1)
        going = ~torch.isin(tokens, ends)
        if not bool(going.all()):
            rows, tokens, mask, positions = rows[going], tokens[going], mask[going], positions[going]
            cache.batch_select_indices(going.nonzero()[:, 0])
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            written[row].append(token)
        if not len(rows) or len(written[rows[0]]) == max_new_tokens:
            return written
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        hidden = host.read(host.embed(tokens[:, None]), mask, positions[:, None], cache)[:, -1]
        positions = positions + 1
