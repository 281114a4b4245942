"""Greedy answers to items, in batches, with what each memory was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from adamem import config
from adamem.data.examples import TaskItem, question_prompt
from adamem.models.frame import encode, encode_after_colon
from adamem.models.method import Method
from adamem.models.records import Memory, TokenBatch


@dataclass(frozen=True)
class Span:
    """A stretch of context tokens a memory was made from, and the share of the picks that fell on it."""

    first: int
    last: int
    share: float


@dataclass(frozen=True)
class Answer:
    """A greedy answer, the decoder positions its memory took, and the memory's sources if the method can tell.

    `written` is all behind the colon and its space: of code the indentation, too.
    """

    written: str
    memory_tokens: int
    sources: list[Span] | None

    @property
    def text(self) -> str:
        return self.written.strip()


def answers(method: Method, items: Sequence[TaskItem], settings: config.Evaluation) -> Iterator[Answer]:
    """Answer every item, in order."""
    method.eval()
    size = settings.batch_size
    for start in tqdm(range(0, len(items), size), unit="batch", leave=False):
        yield from _answer_batch(method, items[start : start + size], settings.max_new_tokens)


def ask(method: Method, context: str, question: str, settings: config.Evaluation) -> Answer:
    """Answer one question about one text.

    Raises:
        ValueError: the context or the question is empty.
    """
    method.eval()
    [answer] = _answer_batch(method, [Question(context, question)], settings.max_new_tokens)
    return answer


@dataclass(frozen=True)
class Question:
    """A question without a known answer."""

    context: str
    question: str
    target: str = ""


@torch.no_grad()
def _answer_batch(method: Method, items: Sequence[TaskItem], max_new_tokens: int) -> list[Answer]:
    host = method.host
    questions = [encode_after_colon(host.tokenizer, item.question) for item in items]
    contexts = [encode(host.tokenizer, item.context) for item in items]
    context = TokenBatch.pad(contexts, host.device)
    memory = method.compress(context, TokenBatch.pad(questions, host.device))
    prompt = question_prompt(questions, host.frame).to(host.device)
    written = method.write(memory, prompt, max_new_tokens)
    lengths = memory.lengths().tolist()
    return [
        Answer(host.tokenizer.decode(ids).removeprefix(" "), lengths[row], _sources(memory, row, len(contexts[row])))
        for row, ids in enumerate(written)
    ]


def _sources(memory: Memory, row: int, length: int) -> list[Span] | None:
    """The stretches of context that were picked, in reading order; neighbouring states make one stretch."""
    if memory.picks is None:
        return None
    shares, window = memory.picks[row].mean(0), memory.window
    spans: list[Span] = []
    for state in shares.nonzero().flatten().tolist():
        first, last, share = state * window, min((state + 1) * window, length), float(shares[state])
        if spans and spans[-1].last == first:
            first, share = spans[-1].first, spans.pop().share + share
        spans.append(Span(first, last, share))
    return spans
