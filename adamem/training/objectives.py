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
from adamem.training import losses, processes


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
        nll = losses.answer_nll(reading.logits, reading.labels)
        parts = {"answer_nll": processes.here().weigh(nll, len(reading.labels))}
        total = parts["answer_nll"]
        for name, weight, part in self._extras(batch, reading):
            parts[name] = part
            total = total + weight * part
        numbers = {name: float(part.detach()) for name, part in parts.items()}
        return Loss(total, numbers | _look_at(reading), int(batch.context.mask.sum() + batch.prompt.after.mask.sum()))

    def _read(self, batch: Batch) -> Reading:
        device = self.method.host.device
        memory = self.method.compress(batch.context.to(device), batch.query.to(device))
        return self.method.read(memory, batch.prompt.to(device))

    def _extras(self, batch: Batch, reading: Reading) -> list[tuple[str, float, Tensor]]:
        extras, weights = [], self.weights
        if weights.kl and batch.teacher is not None:
            device = reading.logits.device
            kl = losses.distillation(reading.logits, batch.teacher.ids.to(device), batch.teacher.logprobs.to(device))
            extras.append(("kl", weights.kl, processes.here().weigh(kl, len(reading.labels))))
        if weights.contrastive:
            extras.append(("contrastive", weights.contrastive, self._contrast(reading, batch.answer)))
        if weights.diversity:
            extras.append(("diversity", weights.diversity, losses.diversity(reading.memory.tokens)))
        attention = reading.memory.attention
        if weights.selection and attention is not None and batch.evidence is not None:
            selection = processes.here().weigh(*_selection(attention, batch, reading.memory.window))
            extras.append(("selection", weights.selection, selection))
        return extras

    def _contrast(self, reading: Reading, answer: TokenBatch) -> Tensor:
        """Mean memory token against mean answer embedding, each less its mean over the batch of all processes."""
        host, together = self.method.host, processes.here()
        answer = answer.to(host.device)
        mask = answer.mask[..., None]
        wanted = together.gather((host.embed(answer.ids) * mask).sum(1) / mask.sum(1))
        ids = together.gather_ids(answer.ids)
        same = (ids[:, None] == ids[None]).all(-1)
        memory = together.gather(reading.memory.tokens.float().mean(1))
        return losses.info_nce(memory - memory.mean(0), wanted - wanted.mean(0), same)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss per target token, and the share of items whose whole answer is the arg-max (teacher-forced)."""
        found = processes.here().measure(self.validation, self._count)
        nll, tokens, right, items = (sum(column) for column in zip(*found, strict=True))
        return {"loss": nll / tokens, "em": right / items}

    def _count(self, batch: Batch) -> tuple[float, int, int, int]:
        """Negative log-likelihood in all, target tokens, items that are right, items."""
        reading = self._read(batch)
        nll = float(losses.answer_nll(reading.logits, reading.labels)) * len(reading.labels)
        wrong = reading.rows[reading.logits.argmax(-1) != reading.labels].unique()
        rows = batch.answer.ids.shape[0]
        return nll, len(reading.labels), rows - len(wrong), rows


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
        total = processes.here().weigh(*self._selection(attention, batch))
        parts = {"selection": float(total.detach()), "attention_entropy": float(losses.entropy(attention.detach()))}
        return Loss(total, parts, int(batch.context.mask.sum()))

    def _attend(self, batch: Batch) -> Float[Tensor, "B M"]:
        device = self.method.host.device
        return self.method.attend(batch.context.to(device), batch.query.to(device))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean loss of the batches."""
        found = processes.here().measure(self.validation, self._mean)
        return {"loss": fmean(loss for [loss] in found)}

    def _mean(self, batch: Batch) -> list[float]:
        return [float(self._selection(self._attend(batch), batch)[0])]

    def _selection(self, attention: Float[Tensor, "B M"], batch: Batch) -> tuple[Float[Tensor, ""], int]:
        return _selection(attention, batch, self.method.settings.chunk_encoder.window)


def _selection(attention: Float[Tensor, "B M"], batch: Batch, window: int) -> tuple[Float[Tensor, ""], int]:
    """The attention's loss against the states whose windows of tokens hold evidence, and of how many tokens that is
    the mean."""
    assert batch.evidence is not None
    missing = attention.shape[1] * window - batch.evidence.shape[2]
    holds = F.pad(batch.evidence, (0, missing)).unflatten(2, (-1, window)).any(-1)
    return losses.attention_sum(attention, holds.to(attention.device)), int(holds.any(-1).sum())
