"""The extractor of Stage B: it finds, in a coarse memory, the states that answer a query.

Untrained relevance is lexical retrieval in feature space. A sentence is worth its best match for each query token;
query tokens that match many sentences count less (inverse document frequency, taken within the context); within a
sentence, rare tokens go before common ones. Memory tokens that blend states are unreadable (docs/pipeline.md), so
picks are hard. Their gradient passes straight through to a softmax (Bengio et al. 2013), much reduced: what finds
well is told more plainly by the attention on states that hold the answer (`losses.attention_sum`).

What grows with the context is comparing alone: a key is compared as it was kept, and all that is learned about
finding is learned on the query's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from adamem.models.memory import States
from adamem.models.silent import NearIdentity, Offset

SHARPNESS = 4  # power of the rectified cosine
PRECEDENCE = 4.0  # power of a sentence's worth at the start: whole sentences go before single words
INFORMATION = 0.5  # power of a state's information at the start
STRAIGHT = 0.01  # of the gradient that passes through picks; all of it would drown the attention's own loss
POOL = 4  # times as many states as there are slots: the most relevant ones, which picks are made from
ALIKE = 8  # power of the rectified cosine of two keys: how far one says what the other does
REACH = 5  # states over which relevance is shared, the middle one's own included
STRENGTH_PACE = 6.4  # of the marks for how much a pick is wanted: at the pace of the others they drown it
FACETS = 64  # width of the learned match between what a query asks for and what a state offers


@dataclass(frozen=True)
class Found:
    """What the extractor hands over: R vectors, the state each was picked from (one-hot), the C most relevant states
    (best first), and the log-probabilities that decided."""

    tokens: Float[Tensor, "B R D"]
    picks: Float[Tensor, "B R M"]
    nearest: Int[Tensor, "B C"]
    attention: Float[Tensor, "B M"]


class Extractor(nn.Module):
    """Relevance, a state's own and its sentence's, less what repeats, and straight-through top-k: some states, one
    vector each.

    Args:
        slots: number of picks.
        width: D.
        redundancy: nats off the relevance of a state whose key equals that of one already picked.
    """

    def __init__(self, slots: int, width: int, redundancy: float) -> None:
        super().__init__()
        self.slots, self.redundancy = slots, redundancy
        self.query = NearIdentity(width)
        self.gate = nn.Linear(width, 1)
        self.want = nn.Linear(width, FACETS)
        self.offer = nn.Linear(FACETS, width, bias=False)
        self.precedence = nn.Parameter(torch.tensor(PRECEDENCE))
        self.information = nn.Parameter(torch.tensor(INFORMATION))
        self.neighbours = nn.Parameter(torch.zeros(REACH))
        self.edges = Offset(2, width)
        self.strength = Offset(2, width, pace=STRENGTH_PACE)
        self.init_weights()

    def init_weights(self) -> None:
        """Equal gates, nothing wanted: untrained relevance is the plain cosine of features."""
        for layer in (self.gate, self.want):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        bound = self.offer.out_features**-0.5
        nn.init.uniform_(self.offer.weight, -bound, bound)

    def relevance(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B M"]:
        """log r_j, r_j = (sum_t g_t idf_t m_(t, s(j)))^p * i_j^a * exp(D^1/2 key_j . offer(want(q))): s(j) the sentence
        of state j, i_j its information, m_ts the largest relu(cos(W_q f_t, key_j))^4 of sentence s, and
        idf_t = max_s m_ts / sum_s m_ts; p, a, g, want, offer and W_q are learned. Neighbours then share."""
        keys = states.keys.float()
        cosine = F.normalize(self.query(query), dim=-1) @ keys.mT
        match = (cosine.relu() ** SHARPNESS).masked_fill(~states.mask[:, None], 0.0)
        numbers = states.sentences.long()
        best = _largest(match, numbers)
        rarity = best.amax(-1) / best.sum(-1).clamp_min(1e-9)
        gates = (2 * self.gate(query).sigmoid()[..., 0] * rarity).masked_fill(~query_mask, 0.0)
        sentences = (gates[:, None] @ best)[:, 0].clamp_min(1e-9).log()
        information = self.information * states.information.float().clamp_min(1e-9).log()
        wanted = keys.shape[-1] ** 0.5 * keys @ self.offer(self.want(mean_query(query, query_mask)))[..., None]
        relevance = self.precedence * sentences.gather(1, numbers) + information + wanted[..., 0]
        return self._with_neighbours(relevance, states.mask)

    def _with_neighbours(self, relevance: Float[Tensor, "B M"], mask: Bool[Tensor, "B M"]) -> Float[Tensor, "B M"]:
        """Relevance plus a learned share of the neighbours': a name is of use whole or not at all. Beyond the ends of
        the context stands the mean."""
        mean = (relevance * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        apart = ((relevance - mean) * mask)[:, None]
        return relevance + F.conv1d(apart, self.neighbours[None, None], padding=len(self.neighbours) // 2)[:, 0]

    def attend(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B M"]:
        """Relevance as log-probabilities over the real states."""
        return self.relevance(states, query, query_mask).masked_fill(~states.mask, float("-inf")).log_softmax(-1)

    def choose(
        self, attention: Float[Tensor, "B M"], keys: Float[Tensor, "B M D"], mask: Bool[Tensor, "B M"]
    ) -> tuple[Int[Tensor, "B R"], Int[Tensor, "B C"]]:
        """R picks in reading order, out of the C most relevant states, which come second.

        Maximal marginal relevance (Carbonell and Goldstein 1998), one pick after the other: what a picked state says
        already is worth less. Redundant reports repeat themselves almost word for word. Where there are fewer states
        than picks, they come again from the first.
        """
        order = attention.argsort(dim=1, descending=True, stable=True)[:, : POOL * self.slots]
        rows, real = torch.arange(len(mask), device=mask.device), mask.sum(1).clamp_max(order.shape[1])
        worth, near = attention.gather(1, order), keys[rows[:, None], order].float()
        alike = (near @ near.mT).relu() ** ALIKE
        said, taken = torch.zeros_like(worth), torch.zeros_like(worth, dtype=torch.bool)
        picks = []
        for _ in range(self.slots):
            again = taken.sum(1, keepdim=True) == real[:, None]
            said, taken = said.masked_fill(again, 0.0), taken & ~again
            best = (worth - self.redundancy * said).masked_fill(taken, float("-inf")).argmax(1)
            taken[rows, best] = True
            said = said.maximum(alike[rows, best])
            picks.append(order[rows, best])
        slots = torch.arange(self.slots, device=mask.device)
        rounds = slots // real[:, None] * mask.shape[1]  # a second round stands behind the first
        return (rounds + torch.stack(picks, 1)).sort(1).values % mask.shape[1], order

    def forward(self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]) -> Found:
        attention = self.attend(states, query, query_mask)
        whole = _per_sentence(attention.exp(), states.sentences.long())
        rank = (attention + whole.clamp_min(1e-9).log()) / 2  # words are of use with those around them
        picks, nearest = self.choose(rank.detach(), states.keys.detach(), states.mask)
        hard = F.one_hot(picks, attention.shape[1]).to(attention)
        tokens = states.at(picks).values.float()
        if attention.requires_grad:
            tokens = tokens + STRAIGHT * (_unpassed(hard, attention) @ states.values.float())
        return Found(tokens + self._ends(picks) + self._wanted(picks, attention.exp(), whole), hard, nearest, attention)

    def _wanted(
        self, picks: Int[Tensor, "B R"], own: Float[Tensor, "B M"], whole: Float[Tensor, "B M"]
    ) -> Float[Tensor, "B R D"]:
        """What to add for how much attention a pick has, and its whole sentence: wanted and unwanted states fill the
        slots, and the LLM could not tell what answers from what only resembles it.

        Square roots of shares of the largest, less their mean over the picks. The answer's likelihood reaches the
        attention through them.
        """
        shares = [part / part.amax(1, keepdim=True) for part in (own, whole)]
        roots = torch.stack([part.gather(1, picks).clamp_min(1e-6).sqrt() for part in shares], -1)
        return (roots - roots.mean(1, keepdim=True)) @ self.strength()

    def _ends(self, picks: Int[Tensor, "B R"]) -> Float[Tensor, "B R D"]:
        """What to add where a stretch of neighbouring states begins and where it ends: the LLM would read two picks
        from different places as one word."""
        apart = picks[:, 1:] != picks[:, :-1] + 1
        first, last = F.pad(apart, (1, 0), value=True), F.pad(apart, (0, 1), value=True)
        return torch.stack([first, last], -1).float() @ self.edges()


def _unpassed(hard: Float[Tensor, "B R M"], attention: Float[Tensor, "B M"]) -> Float[Tensor, "B R M"]:
    """Zeros that backward are, for every pick, a softmax over its own state and all that no other pick has taken."""
    others = hard.sum(1, keepdim=True) - hard > 0
    soft = attention[:, None].masked_fill(others & (hard == 0), float("-inf")).softmax(-1)
    return soft - soft.detach()


def _per_sentence(weights: Float[Tensor, "B M"], sentences: Int[Tensor, "B M"]) -> Float[Tensor, "B M"]:
    """For every state, the sum over its sentence."""
    sums = weights.new_zeros(len(weights), int(sentences.max()) + 1).scatter_add(1, sentences, weights)
    return sums.gather(1, sentences)


def _largest(match: Float[Tensor, "B Lq M"], sentences: Int[Tensor, "B M"]) -> Float[Tensor, "B Lq T"]:
    """The largest entry of each of T sentences."""
    best = match.new_zeros(*match.shape[:2], int(sentences.max()) + 1)
    return best.scatter_reduce(2, sentences[:, None].expand_as(match), match, "amax")


def mean_query(query: Float[Tensor, "B Lq D"], mask: Bool[Tensor, "B Lq"]) -> Float[Tensor, "B D"]:
    """Mean features of every query."""
    return (query * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
