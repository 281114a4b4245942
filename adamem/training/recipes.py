"""Which batches each training sees: text for phase 1 and pretraining, items for phase 2, phase 3 and tuning."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch

from adamem import config
from adamem.data import examples, windows
from adamem.data.examples import Batch, Encoded, Order, TaskItem, TeacherTargets
from adamem.data.tokens import TokenStore
from adamem.data.windows import Window
from adamem.models.adamem import AdaMem
from adamem.models.method import Method
from adamem.training import processes, teacher
from adamem.training.objectives import Objective, Selection, Weights


class TaskGroups(Protocol):
    """Training and validation items, group by group."""

    @property
    def train(self) -> Sequence[Sequence[TaskItem]]: ...
    @property
    def validation(self) -> Sequence[Sequence[TaskItem]]: ...


Ask = Callable[[Sequence[int]], TeacherTargets]
Encode = Callable[[TaskItem], Encoded]


def ask_teacher(method: Method, drawn: Sequence[Window], folder: Path, params: config.AdaMemConfig) -> Ask:
    """The teacher's answers by window number: kept ones, or asked for when they are needed."""
    if params.phase1.teacher.kind == "cached":
        return teacher.Cached(folder / "train.safetensors")
    top_k = params.phase1.teacher.top_k
    return lambda numbers: teacher.ask(method.host, [drawn[number] for number in numbers], top_k)


def continuation(
    method: Method, drawn: Sequence[Window], tokens: Path, params: config.AdaMemConfig, ask: Ask | None
) -> Objective:
    """Continue text from memory and prefix; with a teacher to agree with, where one is given."""
    settings = params.phase1.optimiser
    order = Order(len(drawn), settings, params.training_seed)

    def batch(step: int, part: int) -> Batch:
        numbers = processes.here().share(order.indices(step, part))
        return examples.text_batch([drawn[number] for number in numbers], ask(numbers) if ask else None)

    validation = windows.sample(
        TokenStore.open(tokens, "validation"), settings.validation_examples, params.phase1.teacher, params.seed + 1
    )
    batches = [examples.text_batch(part) for part in _parts(validation, settings.batch_size)]
    return Objective(method, batch, Weights(kl=params.phase1.kl if ask else 0.0), batches)


def autoencoding(
    method: Method, drawn: Sequence[Window], tokens: Path, params: config.AdaMemConfig, lm_ratio: float
) -> Objective:
    """ICAE's pretraining: a share of the steps continues the text, the others write out a stretch of the context.

    A stretch is as long as a continuation, so that every method sees as many target tokens.
    """
    continued = continuation(method, drawn, tokens, params, None)
    order = Order(len(drawn), params.phase1.optimiser, params.training_seed)

    def batch(step: int, part: int) -> Batch:
        generator = torch.Generator().manual_seed(params.training_seed * 1_000_003 + step)
        if float(torch.rand((), generator=generator)) < lm_ratio:
            return continued.batch(step, part)
        start = float(torch.rand((), generator=generator))
        numbers = processes.here().share(order.indices(step, part))
        return examples.text_batch([windows.within(drawn[number], start) for number in numbers])

    return Objective(method, batch, continued.weights, continued.validation)


def weights(settings: config.Phase2 | config.Phase3) -> Weights:
    """The weights of a task phase's losses."""
    return Weights(contrastive=settings.contrastive, diversity=settings.diversity, selection=settings.selection)


def encoder(method: Method) -> Encode:
    """Encodes each item once and keeps it: the selector sees its items many times, and the rest of phase 2 sees those
    again."""
    host = method.host
    return functools.cache(lambda item: Encoded.of(item, host.tokenizer, host.frame))


def tasks(
    method: Method,
    groups: TaskGroups,
    settings: config.Optimiser,
    seed: int,
    weights: Weights,
    encode: Encode | None = None,
) -> Objective:
    """Answer questions from memory, of all groups in one order."""
    items, encode = examples.interleave(groups.train), encode or encoder(method)
    batch = _drawn(method, items, Order(len(items), settings, seed), encode)
    return Objective(method, batch, weights, _kept(method, groups, settings, encode))


def selection(model: AdaMem, groups: TaskGroups, settings: config.Phase2, seed: int, encode: Encode) -> Selection:
    """Find the answers to the very questions that the phase goes on to answer, and to no other: no method of the
    comparison sees an example that the others do not."""
    items = examples.interleave(groups.train)
    seen = [items[number] for number in Order(len(items), settings.optimiser, seed).seen()]
    batch = _drawn(model, seen, Order(len(seen), settings.selector, seed), encode)
    return Selection(model, batch, _kept(model, groups, settings.selector, encode))


def _drawn(method: Method, items: Sequence[TaskItem], order: Order, encode: Encode) -> Callable[[int, int], Batch]:
    def batch(step: int, part: int) -> Batch:
        numbers = processes.here().share(order.indices(step, part))
        return examples.joined([encode(items[number]) for number in numbers], method.host.frame)

    return batch


def _kept(method: Method, groups: TaskGroups, settings: config.Optimiser, encode: Encode) -> list[Batch]:
    kept = [encode(item) for item in examples.interleave(groups.validation)[: settings.validation_examples]]
    return [examples.joined(part, method.host.frame) for part in _parts(kept, settings.batch_size)]


def _parts(things: Sequence, size: int) -> list[Sequence]:
    return [things[start : start + size] for start in range(0, len(things), size)]
