"""Stage B: from a coarse memory and a query to exactly K vectors.

Two paths, side by side. The extractor finds (`extractor`): it scores every state against the query and hands over the
values of the best that do not say the same, in reading order, each stretch marked at both ends and each pick for how
much it is wanted. The learned path fuses: latents conditioned on the query (FiLM, Perez et al. 2018) attend to the most
relevant states (Perceiver, Jaegle et al. 2021). Its vectors start as words of an instruction, as soft prompts do, so
that training departs from retrieval instead of from noise. At a width of 0 (the ablation) nothing fuses, and they are
soft prompts: the same for every memory and query.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from adamem import config
from adamem.models.extractor import Extractor, mean_query
from adamem.models.host import HostLLM
from adamem.models.memory import States
from adamem.models.silent import Offset, SilentLinear


@dataclass(frozen=True)
class Resampled:
    """K vectors; from the extractor also the state each was picked from (one-hot) and the log-probabilities of
    the states that decided it."""

    tokens: Float[Tensor, "B K D"]
    picks: Float[Tensor, "B R M"] | None = None
    attention: Float[Tensor, "B M"] | None = None


class SoftPrompt(nn.Module):
    """Vectors that are the same for every memory and query: words of an instruction, or noise, and a learned offset
    (Lester et al. 2021)."""

    start: Tensor

    def __init__(self, count: int, host: HostLLM, words: bool = True) -> None:
        super().__init__()
        start = host.instruction(count) if words else torch.randn(count, host.width) * host.embedding_rms
        self.register_buffer("start", start, persistent=not words)  # words are the LLM's own
        self.shift = Offset(count, host.width)

    def forward(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B F D"]:
        return (self.start + self.shift()).expand(len(query), -1, -1)


class LatentPath(SoftPrompt):
    """A soft prompt, and added to it what learned latents write: modulated by the query, they attend once to keys and
    values."""

    def __init__(self, settings: config.Resampler, host: HostLLM) -> None:
        words = settings.start == "retrieval"  # else plain noise everywhere: the ablation
        count = settings.n_fused if words else settings.n_latents
        super().__init__(count, host, words)
        hidden, width = settings.hidden, host.width
        self.latents = nn.Parameter(torch.randn(count, hidden) * hidden**-0.5)
        self.film: nn.Sequential | None = None
        if settings.film:
            self.film = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), SilentLinear(hidden, 2 * hidden))
        self.read_states = nn.Linear(2 * width, hidden)
        self.normalise = nn.LayerNorm(hidden)
        self.attend = nn.MultiheadAttention(hidden, settings.heads, batch_first=True)
        self.think = nn.Sequential(
            nn.LayerNorm(hidden), nn.Linear(hidden, 2 * hidden), nn.GELU(), nn.Linear(2 * hidden, hidden)
        )
        self.write = SilentLinear(hidden, width, host.embedding_rms) if words else nn.Linear(hidden, width)

    def forward(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B F D"]:
        latents = self.latents.expand(len(query), -1, -1)
        if self.film is not None:
            scale, shift = self.film(mean_query(query, query_mask))[:, None].chunk(2, -1)
            latents = latents * (1 + scale) + shift
        keys = states.keys.float() * states.keys.shape[-1] ** 0.5  # entries of about one
        memory = self.normalise(self.read_states(torch.cat([keys, states.values.float()], -1)))
        attended, _ = self.attend(latents, memory, memory, key_padding_mask=~states.mask, need_weights=False)
        latents = latents + attended
        return super().forward(states, query, query_mask) + self.write(latents + self.think(latents))


class LatentResampler(nn.Module):
    """Summary states [B, M, D] and query features [B, Lq, D] to K vectors [B, K, D]: picked ones, then fused ones."""

    def __init__(self, settings: config.Resampler, host: HostLLM) -> None:
        super().__init__()
        picked = settings.n_latents - settings.n_fused
        self.extractor = Extractor(picked, host.width, settings.redundancy) if settings.start == "retrieval" else None
        self.fuse = LatentPath(settings, host) if settings.hidden else SoftPrompt(settings.n_fused, host)

    def forward(self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]) -> Resampled:
        if self.extractor is None:
            return Resampled(self.fuse(states, query, query_mask))
        found = self.extractor(states, query, query_mask)
        fused = self.fuse(states.at(found.nearest), query, query_mask)
        return Resampled(torch.cat([found.tokens, fused], 1), found.picks, found.attention)
