"""Stage B: from a coarse memory and a query to exactly K vectors.

Two paths, added. The extractor finds: it scores every state against the query, takes K/2 of them one after the
other by a softmax that is differentiable throughout (relaxed top-k), and hands over each one's value and its
right neighbour's, in reading order. The learned path fuses: latents conditioned on the query (FiLM, Perez et
al. 2018) attend to all states (Perceiver, Jaegle et al. 2021). It starts at zero, so that training departs from
retrieval instead of from noise.

Three things decide what untrained relevance finds. Query tokens that match many states count less (inverse
document frequency, taken within the context); a match lends weight to the states around it, since the answer
stands near what the question names, on either side; and picks are sharp, since a blend of windows is unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from adamem import config
from adamem.models.chunk_encoder import States

SHARPNESS = 8  # power of the rectified cosine
REACH = 16  # context tokens on either side that a match lends weight to
DECAY = 8.0  # tokens after which that weight has fallen to 1/e
TEMPERATURE = 1 / 300  # of the pick softmax, relative to the largest relevance
SUPPRESSION = 4.0  # taken from what has been picked, in units of the largest logit


@dataclass(frozen=True)
class Resampled:
    """K vectors, and for the extractor's R ranks the distribution over the M states they were picked by."""

    tokens: Float[Tensor, "B K D"]
    picks: Float[Tensor, "B R M"] | None


class Extractor(nn.Module):
    """Relevance and relaxed top-k: K/2 ranks, two vectors each."""

    def __init__(self, ranks: int, width: int, window: int) -> None:
        super().__init__()
        self.ranks = ranks
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 1)
        self.salience = nn.Linear(width, 1)
        reach = max(1, REACH // window)
        distance = torch.arange(-reach, reach + 1).abs() * window
        self.spread = nn.Parameter(-distance / DECAY)
        self.sharpen = nn.Parameter(torch.zeros(()))
        self.init_weights()

    def init_weights(self) -> None:
        """Identity maps, equal gates and saliences: untrained relevance is the plain cosine of features."""
        nn.init.eye_(self.query.weight)
        nn.init.eye_(self.key.weight)
        for gate in (self.gate, self.salience):
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)

    def relevance(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B M"]:
        """r_j = s_j * sum_t g_t idf_t sum_d w_d c_(t, j+d), with c_tj = relu(cos(W_q f_t, W_k key_j))^8 and
        idf_t = max_j c_tj / sum_j c_tj; g, s and w are learned."""
        cosine = F.normalize(self.query(query), dim=-1) @ F.normalize(self.key(states.keys), dim=-1).mT
        match = (cosine.relu() ** SHARPNESS).masked_fill(~states.mask[:, None], 0.0)
        rarity = match.amax(-1) / match.sum(-1).clamp_min(1e-9)
        gates = (2 * self.gate(query).sigmoid()[..., 0] * rarity).masked_fill(~query_mask, 0.0)
        named = gates[:, None] @ match
        near = F.conv1d(named, self.spread.exp()[None, None], padding=len(self.spread) // 2)[:, 0]
        return near * 2 * self.salience(states.keys).sigmoid()[..., 0]

    def pick(self, relevance: Float[Tensor, "B M"], mask: Bool[Tensor, "B M"]) -> Float[Tensor, "B R M"]:
        """One distribution per rank, in reading order; what one rank has taken with its right neighbour, the
        next ones avoid. No gradient runs through the avoiding: chained over ranks it would drown all others."""
        relevance = relevance.masked_fill(~mask, 0.0)
        largest = relevance.detach().amax(1, keepdim=True).clamp_min(1e-9)
        logits = relevance / (TEMPERATURE * largest) * self.sharpen.exp()
        logits = _damped(logits, TEMPERATURE / SHARPNESS).masked_fill(~mask, float("-inf"))
        picks = []
        for _ in range(self.ranks):
            pick = logits.softmax(1)
            taken = pick.detach()
            taken = taken + F.pad(taken[:, :-1], (1, 0)) + F.pad(taken[:, 1:], (0, 1))
            logits = logits - SUPPRESSION / TEMPERATURE * taken
            picks.append(pick)
        ranks = torch.stack(picks, 1)
        places = (ranks.detach() * torch.arange(ranks.shape[-1], device=ranks.device)).sum(-1)
        return ranks.gather(1, places.argsort(1)[..., None].expand_as(ranks))

    def forward(self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]) -> Resampled:
        picks = self.pick(self.relevance(states, query, query_mask), states.mask)
        tokens = torch.stack([picks @ states.values, picks @ _right_neighbours(states)], 2)
        return Resampled(tokens.flatten(1, 2), picks)


def _right_neighbours(states: States) -> Float[Tensor, "B M D"]:
    """The value behind each state; the last real one is its own neighbour."""
    values, mask = states.values, states.mask
    there = torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], 1)[..., None]
    return torch.where(there, torch.cat([values[:, 1:], values[:, :1]], 1), values)


def _damped(x: Tensor, factor: float) -> Tensor:
    """The same values with a smaller gradient: picks as sharp as these have one so steep that clipping the whole
    would leave nothing of the other weights'."""
    return factor * x + (1 - factor) * x.detach()


class LatentPath(nn.Module):
    """K learned latents, modulated by the query, attend once to keys and values."""

    def __init__(self, settings: config.Resampler, width: int) -> None:
        super().__init__()
        hidden = settings.hidden
        self.latents = nn.Parameter(torch.randn(settings.n_latents, hidden) * hidden**-0.5)
        self.read_query = nn.Linear(width, hidden)
        self.film = nn.Linear(hidden, 2 * hidden) if settings.film else None
        self.read_states = nn.Linear(2 * width, hidden)
        self.normalise = nn.LayerNorm(hidden)
        self.attend = nn.MultiheadAttention(hidden, settings.heads, batch_first=True)
        self.think = nn.Sequential(
            nn.LayerNorm(hidden), nn.Linear(hidden, 2 * hidden), nn.GELU(), nn.Linear(2 * hidden, hidden)
        )
        self.write = nn.Linear(hidden, width)
        self.init_weights(settings.start)

    def init_weights(self, start: str) -> None:
        """FiLM begins as the identity; behind the extractor the path also begins silent."""
        if self.film is not None:
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)
        if start == "retrieval":
            nn.init.zeros_(self.write.weight)
            nn.init.zeros_(self.write.bias)

    def forward(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B K D"]:
        latents = self.latents.expand(len(query), -1, -1)
        if self.film is not None:
            mean = (query * query_mask[..., None]).sum(1) / query_mask.sum(1, keepdim=True)
            scale, shift = self.film(self.read_query(mean).tanh())[:, None].chunk(2, -1)
            latents = latents * (1 + scale) + shift
        memory = self.normalise(self.read_states(torch.cat([states.keys, states.values], -1)))
        attended, _ = self.attend(latents, memory, memory, key_padding_mask=~states.mask, need_weights=False)
        latents = latents + attended
        return self.write(latents + self.think(latents))


class LatentResampler(nn.Module):
    """Summary states [B, M, D] and query features [B, Lq, D] to K vectors [B, K, D]."""

    def __init__(self, settings: config.Resampler, width: int, window: int) -> None:
        super().__init__()
        self.extractor = Extractor(settings.n_latents // 2, width, window) if settings.start == "retrieval" else None
        self.learned = LatentPath(settings, width)

    def forward(self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]) -> Resampled:
        learned = self.learned(states, query, query_mask)
        if self.extractor is None:
            return Resampled(learned, None)
        found = self.extractor(states, query, query_mask)
        return Resampled(found.tokens + learned, found.picks)
