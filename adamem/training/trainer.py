"""The training loop: a generator of steps, resumable at every snapshot, that leaves the best weights in place."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from adamem import config
from adamem.models.method import Method
from adamem.training import devices, processes, schedule
from adamem.training.objectives import Loss
from adamem.training.scratch import Scratch, Snapshot


class Goal(Protocol):
    """What can be trained for: a method, a loss for every backward pass of every step, and a validation."""

    @property
    def method(self) -> Method: ...
    def loss(self, step: int, part: int) -> Loss: ...
    def validate(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Step:
    """One optimiser step as it is logged; step 0 is the validation before the first."""

    number: int
    values: dict[str, float]


@dataclass
class Trainee:
    """What is trained: named weights in groups, each with its own peak learning rate."""

    groups: list[tuple[dict[str, nn.Parameter], float]]

    def named(self) -> dict[str, nn.Parameter]:
        return {name: parameter for group, _ in self.groups for name, parameter in group.items()}

    def optimiser(self, weight_decay: float) -> torch.optim.AdamW:
        groups = [
            {"params": list(group.values()), "lr": rate, "peak": rate, "weight_decay": weight_decay}
            for group, rate in self.groups
        ]
        return torch.optim.AdamW(groups)


def whole(objective: Goal, settings: config.Optimiser) -> Trainee:
    """All trainable weights of the objective's method, at the one learning rate of the settings."""
    named = {name: weight for name, weight in objective.method.named_parameters() if weight.requires_grad}
    return Trainee([(named, settings.learning_rate)])


def part(objective: Goal, prefixes: tuple[str, ...], settings: config.Optimiser) -> Trainee:
    """Some weights of the objective's method, by the beginnings of their names."""
    [(named, rate)] = whole(objective, settings).groups
    return Trainee([({name: weight for name, weight in named.items() if name.startswith(prefixes)}, rate)])


def with_llm(objective: Goal, settings: config.Optimiser, top: dict[str, nn.Parameter], rate: float) -> Trainee:
    """The method's weights, and unfrozen layers of the LLM at a rate of their own."""
    named = {f"llm.{name}": weight for name, weight in top.items()}
    return Trainee([*whole(objective, settings).groups, (named, rate)])


@dataclass(frozen=True)
class Training:
    """A training that is set up but has not begun: what for, what of, how, and where it waits when interrupted."""

    objective: Goal
    trainee: Trainee
    settings: config.Optimiser
    scratch: Scratch
    devices: config.Devices = field(default_factory=config.Devices)


@contextmanager
def in_turn(*trainings: Training, save: Callable[[], None]) -> Iterator[Iterator[Step]]:
    """The steps of one training after the other, numbered through; after the last the main process saves what came out.

    A restart goes on within the training that was interrupted: those before it are kept as they ended. None waits any
    more once the block has ended well: where saving fails in it, or writing a report, for want of disk, a restart has
    nothing to train and goes on from there.
    """
    ended = False

    def steps() -> Iterator[Step]:
        nonlocal ended
        done = 0
        for training in trainings:
            for step in fit(training):
                yield Step(done + step.number, step.values)
            done += training.settings.steps
        processes.here().agree(done, "the number of steps")
        if processes.here().main:
            save()
        ended = True

    yield steps()
    if ended and processes.here().main:
        for training in trainings:
            training.scratch.clear()


def fit(training: Training) -> Iterator[Step]:
    """Train, yielding every step; when the generator is exhausted, the weights of the best validation stand.

    Raises:
        FloatingPointError: the loss or a gradient is no finite number; names step and backward pass.
        ValueError: several processes train, and cannot share a batch evenly or do not find the same snapshot.
    """
    run, settings = _Run(training), training.settings
    yield from run.resume()
    numbers, shown = range(run.done + 1, settings.steps + 1), run.processes.main
    for number in (bar := tqdm(numbers, initial=run.done, total=settings.steps, unit="step", disable=not shown)):
        step = run.step(number)
        bar.set_postfix(loss=f"{step.values['loss']:.3f}")
        yield step
        run.snapshot(number)
    run.finish()


class _Run:
    """The state of one training between two steps."""

    def __init__(self, training: Training) -> None:
        self.objective, self.trainee, self.scratch = training.objective, training.trainee, training.scratch
        self.settings, self.devices, self.processes = training.settings, training.devices, processes.here()
        self.processes.share(range(self.settings.batch_size))  # refuses what cannot be shared before anything is read
        devices.prepare(self.objective.method.host, self.devices)
        self.optimiser = self.trainee.optimiser(self.settings.weight_decay)
        self.done, self.best = 0, math.inf
        self.best_weights: dict[str, Tensor] = {}
        self.history: list[Step] = []

    def resume(self) -> Iterator[Step]:
        """Steps already made by an interrupted run, or the validation before the first step."""
        self.objective.method.train()  # a training before this one has left it in eval
        snapshot = self.scratch.load()
        self.processes.agree(-1 if snapshot is None else snapshot.numbers["done"], "the last step in the snapshot")
        if snapshot is None:
            self.history.append(Step(0, self._validate(0)))
        else:
            self._restore(snapshot)
        yield from self.history

    def step(self, number: int) -> Step:
        """One optimiser step over `accumulate` backward passes."""
        began, settings = time.perf_counter(), self.settings
        factor = schedule.scale(number, settings.steps, settings.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        self.optimiser.zero_grad(set_to_none=True)
        values, tokens = self._backward(number)
        values["gradient_norm"] = self._clip(number)
        self.optimiser.step()
        values["learning_rate"] = settings.learning_rate * factor
        values["tokens_per_second"] = tokens / (time.perf_counter() - began)
        if number % settings.validate_every == 0 or number == settings.steps:
            values |= self._validate(number)
        step = Step(number, values)
        self.history.append(step)
        return step

    def _backward(self, number: int) -> tuple[dict[str, float], int]:
        values: dict[str, float] = {}
        tokens = 0
        for part in range(self.settings.accumulate):
            with devices.autocast(self.objective.method.host, self.devices):
                loss = self.objective.loss(number, part)
            if not bool(torch.isfinite(loss.total)):
                raise FloatingPointError(_not_finite("loss", number, f"backward pass {part}", loss.parts))
            (loss.total / self.settings.accumulate).backward()
            tokens += loss.tokens
            for name, value in ({"loss": float(loss.total.detach())} | loss.parts).items():
                values[name] = values.get(name, 0.0) + value / self.settings.accumulate
        weights = self.trainee.named().values()
        self.processes.average([weight.grad for weight in weights if weight.grad is not None])
        means = self.processes.mean(values | {"tokens": float(tokens)})
        return means, round(means.pop("tokens") * self.processes.count)

    def _clip(self, number: int) -> float:
        norm = nn.utils.clip_grad_norm_(self.trainee.named().values(), self.settings.clip)
        if not bool(torch.isfinite(norm)):
            raise FloatingPointError(_not_finite("gradient", number, "all backward passes together", {}))
        return float(norm)

    def _validate(self, number: int) -> dict[str, float]:
        """Validation values; keeps the weights when they are the best so far."""
        self.objective.method.eval()
        with devices.autocast(self.objective.method.host, self.devices):
            values = self.objective.validate()
        self.objective.method.train()
        if not math.isfinite(values["loss"]):
            raise FloatingPointError(_not_finite("validation loss", number, "after the optimiser's step", values))
        if values["loss"] < self.best:
            self.best = values["loss"]
            self.best_weights = {name: weight.detach().clone() for name, weight in self.trainee.named().items()}
        return {f"validation_{name}": value for name, value in values.items()}

    def snapshot(self, number: int) -> None:
        """Remember everything a restart needs, at every tenth step and at the last."""
        self.done = number
        if (number % 10 and number != self.settings.steps) or not self.processes.main:
            return
        weights = {f"weight/{name}": weight for name, weight in self.trainee.named().items()}
        best = {f"best/{name}": weight for name, weight in self.best_weights.items()}
        states = self.optimiser.state_dict()["state"]
        moments = {f"moment/{index}/{name}": value for index, state in states.items() for name, value in state.items()}
        history = [[step.number, step.values] for step in self.history]
        self.scratch.save(Snapshot(weights | best | moments, {"done": number, "best": self.best, "history": history}))

    def _restore(self, snapshot: Snapshot) -> None:
        self.done, self.best = snapshot.numbers["done"], snapshot.numbers["best"]
        self.history = [Step(number, values) for number, values in snapshot.numbers["history"]]
        kinds: dict[str, dict[str, Tensor]] = {"weight": {}, "best": {}, "moment": {}}
        for path, tensor in snapshot.tensors.items():
            kind, name = path.split("/", 1)
            kinds[kind][name] = tensor
        self.best_weights = kinds["best"]
        self._put(kinds["weight"])
        state: dict[int, dict[str, Tensor]] = {}
        for path, tensor in kinds["moment"].items():
            index, name = path.split("/")
            state.setdefault(int(index), {})[name] = tensor
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": state})

    def _put(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.trainee.named().items():
                parameter.copy_(weights[name])

    def finish(self) -> None:
        """Put the best weights in place."""
        self._put(self.best_weights)
        self.objective.method.eval()


def _not_finite(what: str, step: int, place: str, parts: dict[str, float]) -> str:
    way_out = "lower the learning rate or clip, or look at that batch"
    return f"the {what} is not finite at step {step}, {place} ({parts}); {way_out}"
