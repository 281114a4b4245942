"""Answers in order, with the memory's length and the stretches of the context it was made from."""

from __future__ import annotations

import pytest
import torch

from adamem.baselines.bounds import PlainText
from adamem.benchmarks.item import Item
from adamem.evaluation import answering, benchmark
from adamem.evaluation.answering import Question
from adamem.models.adamem import AdaMem
from adamem.models.frame import encode
from adamem.models.host import HostLLM
from tests import tiny

PARAMS = tiny.settings()


@pytest.fixture
def model(llm: HostLLM) -> AdaMem:
    torch.manual_seed(0)
    model = AdaMem(PARAMS.model, llm)
    model.set_statistics(tiny.STATISTICS)
    tiny.stirred(model)
    return model


def test_batches_answer_as_single_questions_do(model: AdaMem) -> None:
    found = list(answering.answers(model.train(), tiny.ITEMS, PARAMS.evaluation))
    assert not model.training
    for answer, item in zip(found, tiny.ITEMS, strict=True):
        alone = answering.ask(model.train(), item.context, item.question, PARAMS.evaluation)
        assert not model.training
        assert (alone.text, alone.memory_tokens) == (answer.text, answer.memory_tokens)
        assert answer.text == answer.text.strip()
        assert answer.memory_tokens == PARAMS.resampler.n_latents


def test_sources_lie_in_the_context_in_reading_order(model: AdaMem) -> None:
    for answer, item in zip(answering.answers(model, tiny.ITEMS, PARAMS.evaluation), tiny.ITEMS, strict=True):
        length = len(encode(model.host.tokenizer, item.context))
        assert answer.sources
        firsts = [span.first for span in answer.sources]
        assert firsts == sorted(set(firsts))
        for span in answer.sources:
            assert 0 <= span.first < span.last <= length
            assert span.first % PARAMS.chunk_encoder.window == 0
        assert all(span.last < after.first for span, after in zip(answer.sources, answer.sources[1:], strict=False))
        assert sum(span.share for span in answer.sources) == pytest.approx(1.0, abs=1e-5)


def test_methods_that_cannot_tell_have_no_sources(llm: HostLLM) -> None:
    item = tiny.ITEMS[0]
    assert answering.ask(PlainText(llm, True), item.context, item.question, PARAMS.evaluation).sources is None
    full = answering.ask(PlainText(llm, True), item.context, item.question, PARAMS.evaluation)
    assert full.memory_tokens == len(encode(llm.tokenizer, item.context))


@pytest.mark.parametrize(
    ("context", "question", "what"), [("", "Who?", "context"), ("A text.", "", "query"), ("A text.", " \n", "query")]
)
def test_nothing_to_read_or_to_ask_is_an_error(model: AdaMem, context: str, question: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"{what} 0 of the batch is empty"):
        answering.ask(model, context, question, PARAMS.evaluation)


def test_no_question_gives_no_answer(model: AdaMem) -> None:
    assert list(answering.answers(model, [], PARAMS.evaluation)) == []
    assert Question("text", "question").target == ""


def test_code_keeps_its_indentation_where_the_official_score_counts_it(
    model: AdaMem, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "        return total"
    item = Item("x", "B", "longbench_lcc", "def", ((0, 3),), "Next?", line, (line,), (0,), (), 0, True)
    monkeypatch.setattr(model.host.tokenizer, "decode", lambda _: f" {line}")
    [scored] = benchmark.ask(model, benchmark.Asked.of([item]), PARAMS.evaluation)
    assert scored.answer.text == "return total" and scored.official == 1.0
