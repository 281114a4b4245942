"""A training so small that a hundred steps take a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adamem import config
from adamem.data import examples
from adamem.data.examples import Batch, Order
from adamem.evaluation.answering import Question
from adamem.models.method import Method
from adamem.training import processes, trainer
from adamem.training.objectives import Objective, Weights
from adamem.training.scratch import Scratch
from adamem.training.trainer import Step
from tests import tiny

SETTINGS = config.Optimiser(
    steps=12,
    batch_size=4,
    accumulate=1,
    learning_rate=1e-2,
    warmup=0.1,
    weight_decay=0.01,
    clip=1.0,
    validate_every=4,
    validation_examples=4,
)
NAMES = ("Lima", "Oslo", "Cairo", "Accra")
ITEMS = [
    Question(f"{fact} {tiny.FACTS[number % 3]}", f"Which {number}?", NAMES[number % 4])
    for number, fact in enumerate(tiny.FACTS + tiny.FACTS[:3])
]


def nothing() -> None:
    """To be saved."""


def made(*trainings: trainer.Training, save: Callable[[], None] = nothing) -> list[Step]:
    """The steps of trainings that are made to their end."""
    with trainer.in_turn(*trainings, save=save) as steps:
        return list(steps)


@dataclass
class Training:
    """A method, what it is trained for and how, and where it waits."""

    method: Method
    settings: config.Optimiser
    scratch: Scratch
    weights: Weights = field(default_factory=Weights)
    items: Sequence[Question] = tuple(ITEMS)
    spoil: Callable[[int, int], None] = lambda step, part: None

    def batch(self, step: int, part: int) -> Batch:
        """The batch of a step; `spoil` may do its worst before."""
        self.spoil(step, part)
        host = self.method.host
        numbers = processes.here().share(Order(len(self.items), self.settings, 0).indices(step, part))
        return examples.task_batch([self.items[number] for number in numbers], host.tokenizer, host.frame)

    def objective(self) -> Objective:
        host = self.method.host
        kept = examples.task_batch(self.items[:4], host.tokenizer, host.frame)
        return Objective(self.method, self.batch, self.weights, [kept])

    def steps(self, trainee: trainer.Trainee | None = None) -> list[Step]:
        """Train to the end."""
        objective = self.objective()
        trainee = trainee or trainer.whole(objective, self.settings)
        return made(trainer.Training(objective, trainee, self.settings, self.scratch))
