"""KV cache compression by NVIDIA's kvpress: the LLM reads the whole text, then K entries per layer and head stay.

The presses, their scores and what they throw away are the package's own. Around them stands what every method gets:
the start of the chat frame is never thrown away, and the K entries are all from the context. Entries keep the rotary
positions they were read at, and the question goes on where the context ended, as in the package's own pipeline.

SnapKV scores by the attention of the last tokens read (Li et al. 2024). Its paper puts the question there, and so does
the package's evaluation where it compresses questions with contexts; so do we: the window is the question, whose own
entries stay beside the K, having read the whole context. Without the question, its window of 64 would outgrow K.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import DynamicCache

from adamem.baselines import peers
from adamem.baselines.bounds import text_bytes
from adamem.models import cache_pairs, placing
from adamem.models.host import HostLLM
from adamem.models.method import Method, refuse_empty
from adamem.models.records import Memory, Prompt, Reading, TokenBatch


@dataclass(frozen=True, kw_only=True)
class PressedMemory(Memory):
    """What the press left: per layer keys and values [B, heads, E, head width], frame and question included.

    `entries` is true at real ones, which stand on the right. `end` is the position of the next token, `seen` the number
    of tokens of the prompt that are among the entries, `kept` the number of entries of context and soft vectors.
    """

    layers: tuple[tuple[Tensor, Tensor], ...]
    entries: Bool[Tensor, "B E"]
    end: Int[Tensor, " B"]
    seen: Int[Tensor, " B"]
    kept: Int[Tensor, " B"]

    def lengths(self) -> Int[Tensor, " B"]:
        return self.kept


class KvPress(Method):
    """A press of kvpress at `budget` entries of the context per layer and head.

    Args:
        host: the LLM.
        press: the press, by its class name.
        budget: K.
        sees_question: the question stands behind the context while that is read, as the press's window.
        vectors: soft vectors [V, D] read behind the context, tuned for the form of the answers; kept beside the K.

    Raises:
        ValueError: kvpress is not installed.
    """

    def __init__(
        self, host: HostLLM, press: str, budget: int, *, sees_question: bool, vectors: Tensor | None = None
    ) -> None:
        super().__init__(host)
        self.press = getattr(peers.load("kvpress"), press)
        self.budget, self.sees_question = budget, sees_question
        self.vectors = torch.zeros(0, host.width, device=host.device) if vectors is None else vectors.detach()

    @torch.no_grad()
    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        between = self.host.frame.between if self.sees_question else ()
        questions = [[*between, *row] if self.sees_question else [] for row in query.rows()]
        rows = context.rows()
        caches = [self._compress_row(*row) for row in zip(rows, questions, strict=True)]
        seen = torch.tensor([len(question) for question in questions], device=self.host.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.host.device)
        return self._joined(caches, lengths, seen)

    def _compress_row(self, context: list[int], question: list[int]) -> DynamicCache:
        """Read one row alone, since a press cannot tell padding from text."""
        before = self.host.frame.before
        text, asked = (self._embed(part) for part in ([*before, *context], question))
        embeds = torch.cat([text, self.vectors, asked])[None]
        cache = DynamicCache()
        if len(context) <= self.budget:
            self.host.read(embeds, cache=cache)
            return cache
        behind = len(self.vectors) + len(question)
        kept = len(before) + self.budget + behind
        # half an entry more, since the press rounds the number it keeps down
        press = self.press(compression_ratio=1 - (kept + 0.5) / embeds.shape[1])
        if question:
            press.window_size = len(question)
        _spare(press, len(before), behind)
        with _applied(press, self.host):
            self.host.read(embeds, cache=cache)
        return cache

    def _embed(self, ids: list[int]) -> Float[Tensor, "L D"]:
        return self.host.embed(torch.tensor(ids, dtype=torch.long, device=self.host.device))

    def _joined(self, caches: list[DynamicCache], lengths: Int[Tensor, " B"], seen: Int[Tensor, " B"]) -> PressedMemory:
        """Rows of different numbers of entries as one batch, padded on the left."""
        counts = torch.tensor([cache.get_seq_length() for cache in caches], device=lengths.device)
        width = int(counts.max())
        layers = tuple(
            (_stacked([keys for keys, _ in rows], width), _stacked([values for _, values in rows], width))
            for rows in zip(*map(cache_pairs.of, caches), strict=True)
        )
        none = torch.zeros(len(caches), 0, self.host.width, device=lengths.device)
        before = len(self.host.frame.before)
        return PressedMemory(
            tokens=none,
            mask=none[..., 0].bool(),
            layers=layers,
            entries=torch.arange(width, device=lengths.device) >= (width - counts)[:, None],
            end=before + lengths + len(self.vectors) + seen,
            seen=seen,
            kept=counts - before - seen,
        )

    def read(self, memory: Memory, prompt: Prompt) -> Reading:
        assert isinstance(memory, PressedMemory)
        hidden, _, _ = self._behind(memory, prompt)
        rows, columns = prompt.targets.nonzero(as_tuple=True)
        before = columns - memory.seen[rows] - 1
        return Reading(self.host.logits(hidden[rows, before]), prompt.after.ids[rows, columns], rows, memory)

    @torch.no_grad()
    def write(self, memory: Memory, prompt: Prompt, max_new_tokens: int) -> list[list[int]]:
        assert isinstance(memory, PressedMemory)
        hidden, mask, cache = self._behind(memory, prompt)
        unread = prompt.after.mask.sum(1) - memory.seen
        last = hidden[torch.arange(len(hidden), device=hidden.device), unread - 1]
        return placing.decode(self.host, last, placing.Standing(cache, mask, memory.end + unread), max_new_tokens)

    def _behind(
        self, memory: PressedMemory, prompt: Prompt
    ) -> tuple[Float[Tensor, "B T D"], Bool[Tensor, "B C"], DynamicCache]:
        """Read what of the prompt is not among the entries yet."""
        assert prompt.before.tolist() == list(self.host.frame.before), "the entries hold the frame's own start"
        rows = [row[seen:] for row, seen in zip(prompt.after.rows(), memory.seen.tolist(), strict=True)]
        after = TokenBatch.pad(rows, self.host.device)
        mask = torch.cat([memory.entries, after.mask], 1)
        positions = memory.end[:, None] + torch.arange(after.ids.shape[1], device=mask.device)
        cache = cache_pairs.cache(memory.layers)
        return self.host.read(self.host.embed(after.ids), mask, positions, cache), mask, cache

    def offline_bytes(self, tokens: int) -> float:
        """K entries in every layer; the token ids where the question decides what stays."""
        if self.sees_question:
            return text_bytes(self.host, tokens)
        llm = self.host.model.config
        heads = getattr(llm, "num_key_value_heads", None) or llm.num_attention_heads
        width = getattr(llm, "head_dim", None) or llm.hidden_size // llm.num_attention_heads
        entry = 2 * len(self.host.layers) * heads * width * self.host.dtype.itemsize
        return float(entry * min(tokens, self.budget))


def _stacked(rows: list[Tensor], width: int) -> Tensor:
    return torch.cat([F.pad(row, (0, 0, width - row.shape[2], 0)) for row in rows])


def _spare(press: Any, first: int, last: int) -> None:
    """Give the first and the last entries the best score: they are not what is compressed."""
    score = press.score

    def spared(*given: Any) -> Float[Tensor, "B H L"]:
        scores = score(*given).clone()
        best = scores.max() + 1
        scores[..., :first] = best
        scores[..., scores.shape[-1] - last :] = best
        return scores

    press.score = spared


@contextmanager
def _applied(press: Any, host: HostLLM) -> Iterator[None]:
    """The press's hooks on the LLM, and nothing left behind (kvpress leaves a module in every attention layer)."""
    bare: list[Any] = [layer.self_attn for layer in host.layers if not hasattr(layer.self_attn, "rotary_emb")]
    try:
        with press(host.model):
            yield
    finally:
        for attention in bare:
            del attention.rotary_emb
