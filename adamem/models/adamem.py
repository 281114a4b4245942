"""AdaMem whole: chunk encoder, resampler, projection and interface around a frozen LLM."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adamem import config
from adamem.models import host as hosts
from adamem.models import interfaces, placing
from adamem.models.chunk_encoder import ChunkEncoder
from adamem.models.host import HostLLM
from adamem.models.memory import CoarseMemory, Manifest, States
from adamem.models.method import Method, refuse_empty
from adamem.models.projection import Projection
from adamem.models.records import Features, Memory, Prompt, TokenBatch
from adamem.models.resampler import LatentResampler
from adamem.models.statistics import Statistics

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Output:
    """What a forward pass returns: mean cross-entropy over the labels, and logits at them, in order."""

    loss: Tensor
    logits: Float[Tensor, "n V"]
    memory: Memory


class AdaMem(Method):
    """Query-adaptive latent working memory.

    Args:
        settings: the model sections of the settings, `AdaMemConfig.model`.
        host: the frozen LLM; may be set later by `setup_llm`.
    """

    SELECTOR: tuple[str, ...] = ("resampler.extractor.",)  # beginnings of the names of the weights that decide picks

    def __init__(self, settings: config.Model, host: HostLLM | None = None) -> None:
        torch.nn.Module.__init__(self)
        self.settings = settings
        if host is not None:
            self._build(host)

    def setup_llm(self, name: str | Path, dtype: str = "auto") -> None:
        """Load the frozen LLM by hub id or from a local folder, and build the compressor to its width.

        The features stay unscaled until `set_statistics` or a checkpoint brings corpus statistics.
        """
        self._build(hosts.from_pretrained(str(name), hosts.resolve_dtype(dtype)))

    def _build(self, host: HostLLM) -> None:
        super().__init__(host)
        settings = self.settings
        self.chunk_encoder = ChunkEncoder(settings.chunk_encoder, host)
        self.resampler = LatentResampler(settings.resampler, host)
        self.projection = Projection(settings.projection, host)
        self.interface = interfaces.build(settings, host)
        self.to(host.device)

    @classmethod
    def fresh(cls, settings: config.Model, host: HostLLM, statistics: Path, seed: int) -> Self:
        """Untrained, from a seed, with the corpus statistics that the stage `features` has written."""
        torch.manual_seed(seed)
        model = cls(settings, host)
        model.set_statistics(Statistics.load(statistics))
        return model

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics of features and embeddings."""
        self.chunk_encoder.set(statistics)
        self.projection.set(statistics)

    def manifest(self) -> Manifest:
        """What a stored coarse memory must have been made with to be read by this model."""
        sizes = self.settings.chunk_encoder
        digest = hashlib.sha256(sizes.model_dump_json().encode())
        for name, tensor in sorted(self.chunk_encoder.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        host, geometry = self.host, (sizes.chunk_size, sizes.summary_states)
        return Manifest(host.identity.llm, host.identity.tokenizer, digest.hexdigest(), host.frame.end, *geometry)

    def encode(self, context: TokenBatch) -> States:
        """Stage A with gradients, in full precision."""
        refuse_empty(context, "context")
        return self.chunk_encoder(self.host, context)

    def features(self, query: TokenBatch) -> Features:
        """What Stage B knows of the queries. Raises ValueError for an empty one."""
        refuse_empty(query, "query")
        return Features(self.chunk_encoder.query_features(self.host, query), query.mask)

    def resample(self, states: States, query: TokenBatch) -> Memory:
        """Stage B: K memory tokens for each query. Raises ValueError for an empty one, or for more or fewer than
        contexts."""
        states.refuse_others(len(query.ids))
        features = self.features(query)
        resampled = self.resampler(states, features.states, features.mask)
        tokens = self.projection(resampled.tokens)
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        window = self.settings.chunk_encoder.window
        return Memory(tokens, mask, picks=resampled.picks, attention=resampled.attention, window=window)

    def attend(self, context: TokenBatch, query: TokenBatch) -> Float[Tensor, "B M"]:
        """What Stage B would pick by, as log-probabilities of the states, and nothing else of it. The chunk encoder
        gets no gradient.

        Raises:
            ValueError: a context or query is empty, there are not as many of one as of the other, or the resampler
                started at random and picks nothing.
        """
        extractor = self.resampler.extractor
        if extractor is None:
            raise ValueError("resampler.start is random: no state is picked, so there is nothing to attend by")
        with torch.no_grad():
            states = self.encode(context)
        states.refuse_others(len(query.ids))
        features = self.features(query)
        return extractor.attend(states, features.states, features.mask)

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        """In full precision while it trains; otherwise as from a coarse memory that was kept."""
        states = self.encode(context)
        return self.resample(states if self.training else states.kept(), query)

    def offline_bytes(self, tokens: int) -> float:
        """Keys and values in bfloat16, sentence number, information and mask of every state."""
        return (2 * 2 * self.host.width + 9) * tokens / self.settings.chunk_encoder.window

    @torch.no_grad()
    def encode_context(
        self, context_ids: Int[Tensor, "B L"], context_mask: Bool[Tensor, "B L"] | None = None
    ) -> CoarseMemory:
        """Stage A alone, for keeping: [B, M, D] keys and values in bfloat16, M = S * ceil(L / P).

        Raises:
            ValueError: a context is empty or not padded on the right.
        """
        states = self.encode(self._batch(context_ids, context_mask)).kept()
        return CoarseMemory(**states.tensors(), manifest=self.manifest())

    def forward(
        self,
        context_ids: Int[Tensor, "B L"],
        query_ids: Int[Tensor, "B Lq"],
        decoder_input_ids: Int[Tensor, "B A"],
        labels: Int[Tensor, "B A"],
        context_mask: Bool[Tensor, "B L"] | None = None,
        query_mask: Bool[Tensor, "B Lq"] | None = None,
    ) -> Output:
        """Teacher-forced loss of what stands behind the memory.

        `decoder_input_ids` follow the memory tokens directly; `labels` are the same ids where the loss counts
        and -100 elsewhere (never at the first position). All are padded on the right, and go to the LLM's device.

        Raises:
            ValueError: nothing is to be learned, labels are other ids, a context or query is empty, there are not as
                many of one as of the other, or a mask is not true first.
        """
        targets = labels != -100
        if not bool(targets.any()):
            raise ValueError("labels are -100 everywhere: there is nothing to learn from")
        if bool(targets[:, 0].any()):
            raise ValueError("labels[:, 0] must be -100: nothing before the first token could predict it")
        if bool((labels != decoder_input_ids)[targets].any()):
            raise ValueError("labels must be decoder_input_ids, not shifted, or -100: other ids stand there")
        memory = self.compress(self._batch(context_ids, context_mask), self._batch(query_ids, query_mask))
        after = TokenBatch(decoder_input_ids, _reach(targets))
        prompt = Prompt(torch.tensor(self.host.frame.before), after, targets).to(self.host.device)
        reading = self.read(memory, prompt)
        return Output(F.cross_entropy(reading.logits, reading.labels), reading.logits, memory)

    @torch.no_grad()
    def generate(
        self,
        query_ids: Int[Tensor, "B Lq"],
        context_ids: Int[Tensor, "B L"] | None = None,
        coarse_memory: CoarseMemory | None = None,
        context_mask: Bool[Tensor, "B L"] | None = None,
        query_mask: Bool[Tensor, "B Lq"] | None = None,
        max_new_tokens: int = 256,
    ) -> list[list[int]]:
        """Greedy answers to questions, from contexts or from their coarse memory; the two agree to the byte. There is
        one context for each question, or one for all of them, padded on the right. All go to the LLM's device.

        Raises:
            ValueError: neither or both are given, one is empty or padded on the left, their numbers do not fit, the
                memory was made with another model, or no token may be written.
        """
        if (context_ids is None) == (coarse_memory is None):
            raise ValueError("generate needs either context_ids or coarse_memory, and not both")
        placing.refuse_no_tokens(max_new_tokens)
        if context_ids is not None:
            coarse_memory = self.encode_context(context_ids, context_mask)
        assert coarse_memory is not None
        if coarse_memory.manifest != self.manifest():
            raise ValueError("the coarse memory was made with another LLM, tokenizer or compressor: encode it again")
        query, device = self._batch(query_ids, query_mask), self.host.device
        memory = self.resample(coarse_memory.to(device).asked(len(query_ids)), query)
        after = TokenBatch.pad([self.host.frame.prompt(row) for row in query.rows()])
        prompt = Prompt(torch.tensor(self.host.frame.before), after, torch.zeros_like(after.mask)).to(device)
        return self.write(memory, prompt, max_new_tokens)

    def _batch(self, ids: Int[Tensor, "B L"], mask: Bool[Tensor, "B L"] | None) -> TokenBatch:
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        if bool((mask[:, 1:] & ~mask[:, :-1]).any()):
            raise ValueError("a mask has real tokens behind padding: pad on the right (padding_side='right')")
        return TokenBatch(ids, mask).to(self.host.device)


def _reach(targets: Bool[Tensor, "B A"]) -> Bool[Tensor, "B A"]:
    """True up to the last target of every row: what stands behind it cannot change the loss."""
    return targets.flip(1).cummax(1).values.flip(1)
