"""Objectives: the parts of a loss add up, and validation counts what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from adamem.baselines.bounds import PlainText
from adamem.data import examples
from adamem.data.windows import Window
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.records import Prompt, Reading, TokenBatch
from adamem.training import losses, teacher
from adamem.training.objectives import Objective, Selection, Weights
from tests import tiny

WINDOWS = [Window(list(range(start, start + 20)), [7, 8, 9], [start, 11, 12, 13]) for start in (30, 60, 90)]


@pytest.fixture
def model(llm: HostLLM) -> AdaMem:
    torch.manual_seed(0)
    return AdaMem(tiny.settings().model, llm)


def test_parts_add_up_by_their_weights(model: AdaMem) -> None:
    asked = teacher.ask(model.host, WINDOWS, 5)
    batch = examples.text_batch(WINDOWS, asked)
    weights = Weights(kl=0.5, contrastive=0.3, diversity=0.2)
    loss = Objective(model, lambda step, part: batch, weights).loss(1, 0)
    parts = loss.parts
    total = parts["answer_nll"] + 0.5 * parts["kl"] + 0.3 * parts["contrastive"] + 0.2 * parts["diversity"]
    assert float(loss.total.detach()) == pytest.approx(total, rel=1e-5)
    assert loss.tokens == 3 * (20 + 3 + 4)
    plain = Objective(model, lambda step, part: replace(batch, teacher=None), Weights(kl=0.5)).loss(1, 0)
    assert float(plain.total.detach()) == pytest.approx(parts["answer_nll"], rel=1e-5)
    assert plain.parts.keys() == {"answer_nll", "memory_norm", "attention_entropy"}


def test_the_teacher_agrees_with_itself(llm: HostLLM) -> None:
    """The full context, read without any frame, is what the teacher reads: nothing is left to distil."""
    batch = examples.text_batch(WINDOWS, teacher.ask(llm, WINDOWS, 5))
    loss = Objective(PlainText(llm, full=True), lambda step, part: batch, Weights(kl=1.0)).loss(1, 0)
    assert loss.parts["kl"] == pytest.approx(0.0, abs=1e-4)


def test_validation_counts_tokens_and_whole_answers(llm: HostLLM) -> None:
    """One answer is what the LLM would write itself; the other two differ from it in one token each."""
    method = PlainText(llm, full=False)
    batch = tiny.batch(llm)
    given = [llm.frame.prompt(question) for question in batch.query.rows()]
    prompt = examples.question_prompt(batch.query.rows(), llm.frame)
    answers = method.write(method.compress(batch.context, batch.query), prompt, 3)
    for row, place in ((1, 0), (2, 2)):
        answers[row][place] = (answers[row][place] + 1) % 300
    after = TokenBatch.pad([start + answer for start, answer in zip(given, answers, strict=True)])
    columns = torch.arange(after.ids.shape[1])
    targets = after.mask & (columns >= torch.tensor([len(start) for start in given])[:, None])
    wrong = replace(batch, prompt=Prompt(prompt.before, after, targets), answer=TokenBatch.pad(answers))
    found = Objective(method, lambda step, part: wrong, Weights(), [wrong, wrong]).validate()
    reading = method.read(method.compress(batch.context, batch.query), wrong.prompt)
    assert found["em"] == pytest.approx(1 / 3)
    assert found["loss"] == pytest.approx(float(losses.answer_nll(reading.logits, reading.labels)), rel=1e-5)


def test_selection_wants_attention_on_the_answer(model: AdaMem) -> None:
    batch = tiny.batch(model.host)
    loss = Objective(model, lambda step, part: batch, Weights(selection=1.0)).loss(1, 0)
    attention = model.compress(batch.context, batch.query).attention
    assert attention is not None
    assert batch.evidence is not None
    expected, window = [], model.settings.chunk_encoder.window
    for row, tokens in enumerate(batch.evidence):
        for places in tokens:
            states = sorted({place // window for place in places.nonzero()[:, 0].tolist()})
            if states:
                expected.append(-float(attention[row, states].logsumexp(0).detach()))
    assert len(expected) > 3
    assert loss.parts["selection"] == pytest.approx(sum(expected) / len(expected), rel=1e-5)
    alone = Selection(model, lambda step, part: batch, [batch])
    assert alone.loss(1, 0).parts["selection"] == pytest.approx(loss.parts["selection"], rel=1e-5)
    assert alone.validate()["loss"] == pytest.approx(loss.parts["selection"], rel=1e-5)


def test_a_selector_is_taught_without_touching_anything_else(model: AdaMem) -> None:
    batch = tiny.batch(model.host)
    Selection(model, lambda step, part: batch).loss(1, 0).total.backward()
    moved = {name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()}
    assert moved
    assert all(name.startswith("resampler.extractor.") for name in moved)


def test_a_short_context_has_its_evidence_in_the_right_states(model: AdaMem) -> None:
    """Shorter than a chunk: states beyond the text stand for nothing, and shift nothing."""
    batch = tiny.batch(model.host, [tiny.Question("At Oslo", "Where?", "Oslo")])
    assert batch.evidence is not None
    memory = model.compress(batch.context, batch.query)
    assert memory.attention is not None
    window = model.settings.chunk_encoder.window
    states = sorted({place // window for place in batch.evidence[0].any(0).nonzero()[:, 0].tolist()})
    picked = [
        -float(memory.attention[0, {p // window for p in token.nonzero()[:, 0].tolist()}.pop()].detach())
        for token in batch.evidence[0]
        if token.any()
    ]
    assert states[-1] > 0
    loss = Objective(model, lambda step, part: batch, Weights(selection=1.0)).loss(1, 0)
    assert loss.parts["selection"] == pytest.approx(sum(picked) / len(picked), rel=1e-5)


def test_equal_answers_are_found_to_be_equal(model: AdaMem) -> None:
    """All alike: there are no negatives left, and nothing to contrast."""
    batch = tiny.batch(model.host, [replace(item, target="Lima") for item in tiny.ITEMS])
    loss = Objective(model, lambda step, part: batch, Weights(contrastive=1.0)).loss(1, 0)
    assert loss.parts["contrastive"] == pytest.approx(0.0, abs=1e-6)
    assert isinstance(model.read(model.compress(batch.context, batch.query), batch.prompt), Reading)
