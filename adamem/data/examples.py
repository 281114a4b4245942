"""From items and text windows to the batches that training and evaluation read.

A stream is a pure function of the step: batch n is the same whenever and wherever it is asked for, which is all
that resuming an interrupted training needs.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adamem import config
from adamem.data import evidence
from adamem.data.windows import Window
from adamem.models.frame import ChatFrame, after_colon, encode, encode_after_colon
from adamem.models.records import Prompt, TokenBatch

T = TypeVar("T")


class TaskItem(Protocol):
    """What a question-answering item must offer to become an example."""

    @property
    def context(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def target(self) -> str: ...


@dataclass(frozen=True)
class TeacherTargets:
    """The full-context LLM's top-k log-probabilities at every target position of a batch, rows joined."""

    ids: Int[Tensor, "n k"]
    logprobs: Float[Tensor, "n k"]


@dataclass(frozen=True)
class Batch:
    """Contexts, queries, and the prompt whose targets are the answers.

    `evidence` is true where a context token spells a part of an answer token; text windows have none.
    """

    context: TokenBatch
    query: TokenBatch
    prompt: Prompt
    answer: TokenBatch
    teacher: TeacherTargets | None = None
    evidence: Bool[Tensor, "B A L"] | None = None


@dataclass(frozen=True)
class Encoded:
    """A question-answering item as token ids, the end token in its answer; `evidence` are pairs of an answer token and
    a context token that spells a part of it, one behind the other. What grows with the context takes 4 bytes a
    number."""

    context: array[int]
    question: list[int]
    answer: list[int]
    evidence: array[int]

    @classmethod
    def of(cls, item: TaskItem, tokenizer: object, frame: ChatFrame) -> Encoded:
        """Takes milliseconds, and more the longer the context: worth keeping where an item comes back."""
        return cls(
            array("i", encode(tokenizer, item.context)),
            encode_after_colon(tokenizer, item.question),
            [*encode_after_colon(tokenizer, item.target), frame.end],
            array("i", chain.from_iterable(evidence.pairs(tokenizer, item.context, after_colon(item.target)))),
        )


def task_batch(items: Sequence[TaskItem], tokenizer: object, frame: ChatFrame) -> Batch:
    """Question-answering items in the chat frame."""
    return joined([Encoded.of(item, tokenizer, frame) for item in items], frame)


def joined(items: Sequence[Encoded], frame: ChatFrame) -> Batch:
    """Encoded items as one batch, in the chat frame."""
    answers = [item.answer for item in items]
    context, answer = TokenBatch.pad([item.context for item in items]), TokenBatch.pad(answers)
    holds = torch.zeros(*answer.ids.shape, context.ids.shape[1], dtype=torch.bool)
    for row, item in enumerate(items):
        if item.evidence:
            holds[row][tuple(torch.tensor(item.evidence).view(-1, 2).T)] = True
    return Batch(
        context=context,
        query=TokenBatch.pad([item.question for item in items]),
        prompt=target_prompt(frame.before, [frame.prompt(item.question) for item in items], answers),
        answer=answer,
        evidence=holds,
    )


def question_prompt(questions: list[list[int]], frame: ChatFrame) -> Prompt:
    """A prompt that ends where the answer begins: nothing is given, all is to be written."""
    after = TokenBatch.pad([frame.prompt(question) for question in questions])
    return Prompt(torch.tensor(frame.before), after, torch.zeros_like(after.mask))


def text_batch(windows: Sequence[Window], teacher: TeacherTargets | None = None) -> Batch:
    """Text windows without any frame: [memory; prefix; continuation], the prefix also being the query."""
    prefixes = [window.prefix for window in windows]
    continuations = [window.continuation for window in windows]
    return Batch(
        context=TokenBatch.pad([window.context for window in windows]),
        query=TokenBatch.pad(prefixes),
        prompt=target_prompt([], prefixes, continuations),
        answer=TokenBatch.pad(continuations),
        teacher=teacher,
    )


def target_prompt(before: Sequence[int], given: Sequence[list[int]], targets: Sequence[list[int]]) -> Prompt:
    """A prompt of what is given and, behind it, what is to be written, row by row."""
    rows = [start + end for start, end in zip(given, targets, strict=True)]
    after = TokenBatch.pad(rows)
    mask = torch.zeros_like(after.mask)
    for row, (start, whole) in enumerate(zip(given, rows, strict=True)):
        mask[row, len(start) : len(whole)] = True
    return Prompt(torch.tensor(before, dtype=torch.long), after, mask)


@dataclass(frozen=True)
class Order:
    """Which examples a step sees: passes over the data, each in its own shuffled order."""

    size: int
    settings: config.Optimiser
    seed: int

    def indices(self, step: int, part: int) -> list[int]:
        """Example numbers of one backward pass: `step` counts from 1, `part` below `settings.accumulate`."""
        width = self.settings.batch_size
        start = ((step - 1) * self.settings.accumulate + part) * width
        numbers = range(start, start + width)
        return [int(_shuffled(self.size, self.seed, index // self.size)[index % self.size]) for index in numbers]

    def seen(self) -> list[int]:
        """Every example that some step sees, in order of first sight."""
        settings = self.settings
        parts = [(step, part) for step in range(1, settings.steps + 1) for part in range(settings.accumulate)]
        return list(dict.fromkeys(number for step, part in parts for number in self.indices(step, part)))


@functools.lru_cache(maxsize=4)
def _shuffled(size: int, seed: int, number: int) -> Tensor:
    """The order of one pass, [size]; kept, since every index of a batch asks for it."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed * 1_000_003 + number))


def interleave(groups: Sequence[Sequence[T]]) -> list[T]:
    """Items of several groups in turn; where a group has no more, those of the others."""
    longest = max(map(len, groups), default=0)
    return [group[turn] for turn in range(longest) for group in groups if turn < len(group)]
