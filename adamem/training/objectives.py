"""What a method is trained for: each objective turns a step number into a loss, and can validate itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from adamem.data.examples import Batch
from adamem.models.adamem import AdaMem
from adamem.models.method import Method
from adamem.models.records import Reading, TokenBatch
from adamem.training import losses


@dataclass(frozen=True)
class Loss:
    """A loss to descend and the parts it is made of, as numbers to look at."""

    total: Tensor
    parts: dict[str, float]
    tokens: int


@dataclass(frozen=True)
class Weights:
    """How the parts add up: cross-entropy has weight 1."""

    kl: float = 0.0
    contrastive: float = 0.0
    diversity: float = 0.0
    selection: float = 0.0


@dataclass(frozen=True)
class Objective:
    """Batches, and what is asked of a method on them.

    Args:
        method: what is trained.
        batch: gives the batch of a step and a backward pass within it.
        weights: of the parts of the loss.
        validation: batches kept for choosing the best step.
    """

    method: Method
    batch: Callable[[int, int], Batch]
    weights: Weights
    validation: Sequence[Batch] = field(default=())

    def loss(self, step: int, part: int) -> Loss:
        """The loss of one backward pass."""
        return self._loss(self.batch(step, part))

    def _loss(self, batch: Batch) -> Loss:
        reading = self._read(batch)
        parts = {"answer_nll": losses.answer_nll(reading.logits, reading.labels)}
        total = parts["answer_nll"]
        for name, weight, part in self._extras(batch, reading):
            parts[name] = part
            total = total + weight * part
        numbers = {name: float(part.detach()) for name, part in parts.items()}
        return Loss(total, numbers | _look_at(reading), int(batch.context.mask.sum() + batch.prompt.after.mask.sum()))

    def _read(self, batch: Batch) -> Reading:
        device = self.method.host.device
        prompt = batch.prompt
        memory = self.method.compress(batch.context.to(device), batch.query.to(device))
        moved = type(prompt)(prompt.before.to(device), prompt.after.to(device), prompt.targets.to(device))
        return self.method.read(memory, moved)

    def _extras(self, batch: Batch, reading: Reading) -> list[tuple[str, float, Tensor]]:
        extras, weights = [], self.weights
        if weights.kl and batch.teacher is not None:
            device = reading.logits.device
            kl = losses.distillation(reading.logits, batch.teacher.ids.to(device), batch.teacher.logprobs.to(device))
            extras.append(("kl", weights.kl, kl))
        if weights.contrastive:
            extras.append(("contrastive", weights.contrastive, self._contrast(reading, batch.answer)))
        if weights.diversity:
            extras.append(("diversity", weights.diversity, losses.diversity(reading.memory.tokens)))
        attention = reading.memory.attention
        if weights.selection and attention is not None and batch.evidence is not None:
            extras.append(("selection", weights.selection, _selection(attention, batch, reading.memory.window)))
        return extras

    def _contrast(self, reading: Reading, answer: TokenBatch) -> Tensor:
        """Mean memory token against mean answer embedding, each less its mean over the batch."""
        host = self.method.host
        answer = answer.to(host.device)
        mask = answer.mask[..., None]
        wanted = (host.embed(answer.ids) * mask).sum(1) / mask.sum(1)
        same = (answer.ids[:, None] == answer.ids[None]).all(-1)
        memory = reading.memory.tokens.mean(1)
        return losses.info_nce(memory - memory.mean(0), wanted - wanted.mean(0), same)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss per target token, and the share of items whose whole answer is the arg-max (teacher-forced)."""
        nll, tokens, right, items = 0.0, 0, 0, 0
        for batch in self.validation:
            reading = self._read(batch)
            nll += float(losses.answer_nll(reading.logits, reading.labels)) * len(reading.labels)
            wrong = reading.rows[reading.logits.argmax(-1) != reading.labels].unique()
            rows = batch.answer.ids.shape[0]
            tokens, right, items = tokens + len(reading.labels), right + rows - len(wrong), items + rows
        return {"loss": nll / tokens, "em": right / items}


def _look_at(reading: Reading) -> dict[str, float]:
    memory = reading.memory
    seen = {"memory_norm": float(memory.tokens.detach().norm(dim=-1).mean())} if memory.tokens.shape[1] else {}
    if memory.attention is not None:
        seen["attention_entropy"] = float(losses.entropy(memory.attention.detach()))
    return seen


@dataclass(frozen=True)
class Selection:
    """Teaches a selector alone: attention on the states that hold the answer. The LLM gives its early features and
    reads nothing, which makes a step cheap.

    Args:
        method: whose selector is trained; the chunk encoder gets no gradient.
        batch: as for an `Objective`.
        validation: batches kept for choosing the best step.
    """

    method: AdaMem
    batch: Callable[[int, int], Batch]
    validation: Sequence[Batch] = field(default=())

    def loss(self, step: int, part: int) -> Loss:
        """The loss of one backward pass."""
        batch = self.batch(step, part)
        attention = self._attend(batch)
        total = self._loss(attention, batch)
        parts = {"selection": float(total.detach()), "attention_entropy": float(losses.entropy(attention.detach()))}
        return Loss(total, parts, int(batch.context.mask.sum()))

    def _attend(self, batch: Batch) -> Float[Tensor, "B M"]:
        device = self.method.host.device
        return self.method.attend(batch.context.to(device), batch.query.to(device))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean loss of the batches."""
        return {"loss": fmean(float(self._loss(self._attend(batch), batch)) for batch in self.validation)}

    def _loss(self, attention: Float[Tensor, "B M"], batch: Batch) -> Float[Tensor, ""]:
        return _selection(attention, batch, self.method.settings.chunk_encoder.window)


def _selection(attention: Float[Tensor, "B M"], batch: Batch, window: int) -> Float[Tensor, ""]:
    """The attention's loss against the states whose windows of tokens hold evidence."""
    assert batch.evidence is not None
    missing = attention.shape[1] * window - batch.evidence.shape[2]
    holds = F.pad(batch.evidence, (0, missing)).unflatten(2, (-1, window)).any(-1)
    return losses.attention_sum(attention, holds.to(attention.device))
