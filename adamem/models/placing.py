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

from adamem.models.deep import Added
from adamem.models.host import HostLLM
from adamem.models.records import Memory, Prompt, Reading, TokenBatch


@dataclass(frozen=True)
class Strip:
    """Vectors in reading order with holes: `mask` is false where nothing stands. `slots` says which of the memory's
    `deep` vectors belongs to each, from 1; 0 where none does."""

    embeds: Float[Tensor, "B T D"]
    mask: Bool[Tensor, "B T"]
    slots: Int[Tensor, "B T"]

    def then(self, other: Strip) -> Strip:
        parts = (self.embeds, other.embeds), (self.mask, other.mask), (self.slots, other.slots)
        return Strip(*(torch.cat(part, 1) for part in parts))

    def packed(self, left: bool) -> Strip:
        """The same vectors without holes inside a row: all padding on the left, or all on the right."""
        order = (self.mask if left else ~self.mask).long().argsort(dim=1, stable=True)
        longest = int(self.mask.sum(1).max())
        order = order[:, -longest:] if left else order[:, :longest]
        index = order[..., None].expand(-1, -1, self.embeds.shape[-1])
        return Strip(self.embeds.gather(1, index), self.mask.gather(1, order), self.slots.gather(1, order))

    def positions(self) -> Int[Tensor, "B T"]:
        """Where each vector stands among the real ones of its row, counted from 0."""
        return (self.mask.long().cumsum(1) - 1).clamp_min(0)

    def added(self, memory: Memory) -> Added | None:
        """What the LLM's layers are to add where the memory's tokens stand."""
        return None if memory.deep is None else Added(memory.deep, self.slots * self.mask)


def embed(host: HostLLM, tokens: TokenBatch) -> Strip:
    """Tokens as the LLM embeds them."""
    return plain(host.embed(tokens.ids), tokens.mask)


def plain(embeds: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"]) -> Strip:
    """Vectors to which no layer adds anything."""
    return Strip(embeds, mask, torch.zeros_like(mask, dtype=torch.long))


def memory_strip(memory: Memory) -> Strip:
    """The trained part of the memory."""
    count, deep = memory.mask.shape[1], 0 if memory.deep is None else memory.deep.shape[1]
    slots = torch.arange(1 - count + deep, 1 + deep, device=memory.mask.device).clamp_min(0)
    return Strip(memory.tokens, memory.mask, slots.expand_as(memory.mask))


def frozen_strip(host: HostLLM, memory: Memory, before: Int[Tensor, " H"]) -> Strip:
    """What no gradient reaches and no method changes: the start of the frame, and text put in as text."""
    rows = before.expand(memory.tokens.shape[0], -1)
    head = embed(host, TokenBatch(rows, torch.ones_like(rows, dtype=torch.bool)))
    if memory.text is None or memory.text_mask is None:
        return head
    return head.then(plain(memory.text, memory.text_mask))


def read_targets(host: HostLLM, memory: Memory, prompt: Prompt, cache: DynamicCache | None = None) -> Reading:
    """Logits at every target position, teacher-forced. The LM head runs at those positions only.

    Text is read first, without gradient, and only its keys and values are kept: no gradient needs to travel
    through a context of hundreds of tokens to reach a few soft vectors behind it.
    """
    frozen = frozen_strip(host, memory, prompt.before)
    rest = memory_strip(memory).then(embed(host, prompt.after))
    if memory.text is None:
        whole = frozen.then(rest)
        packed = whole.packed(left=False)
        hidden = host.read(packed.embeds, cache=cache, added=packed.added(memory))
        places = whole.positions()
    else:
        packed, places = rest.packed(left=False), rest.positions()
        hidden = _read_behind(host, frozen.packed(left=True), packed, cache, packed.added(memory))
    width = prompt.after.ids.shape[1]
    after = hidden.gather(1, places[:, -width:, None].expand(-1, -1, hidden.shape[-1]))
    rows, columns = prompt.targets.nonzero(as_tuple=True)
    return Reading(host.logits(after[rows, columns - 1]), prompt.after.ids[rows, columns], rows, memory)


def _read_behind(
    host: HostLLM, frozen: Strip, rest: Strip, cache: DynamicCache | None, added: Added | None
) -> Float[Tensor, "B T D"]:
    cache = DynamicCache() if cache is None else cache
    ahead = cache.get_seq_length()
    lead = frozen.mask.new_ones(frozen.mask.shape[0], ahead)
    seen = torch.cat([lead, frozen.mask], 1)
    with torch.no_grad():
        host.read(frozen.embeds, seen, frozen.positions() + ahead, cache)
    start = seen.sum(1, keepdim=True)
    return host.read(rest.embeds, torch.cat([seen, rest.mask], 1), rest.positions() + start, cache, added)


@torch.no_grad()
def generate(
    host: HostLLM, memory: Memory, prompt: Prompt, max_new_tokens: int, cache: DynamicCache | None = None
) -> list[list[int]]:
    """Greedy answers, one list of token ids per row, without the end token."""
    whole = frozen_strip(host, memory, prompt.before).then(memory_strip(memory)).then(embed(host, prompt.after))
    strip = whole.packed(left=False)
    cache = DynamicCache() if cache is None else cache
    mask = torch.cat([strip.mask.new_ones(strip.mask.shape[0], cache.get_seq_length()), strip.mask], 1)
    rows = torch.arange(len(mask), device=mask.device)
    hidden = host.read(strip.embeds, cache=cache, added=strip.added(memory))[rows, strip.mask.sum(1) - 1]
    return decode(host, hidden, Standing(cache, mask, mask.long().sum(1)), max_new_tokens)


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
