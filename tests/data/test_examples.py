"""Batches: what is asked, what is to be written, and which examples a step sees."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from adamem.data import examples
from adamem.data.examples import Order
from adamem.data.windows import Window
from adamem.models.host import HostLLM
from tests import tiny

OPTIMISER = tiny.settings().phase2.optimiser


def order(size: int, batch: int, accumulate: int = 1, seed: int = 0) -> Order:
    return Order(size, OPTIMISER.model_copy(update={"batch_size": batch, "accumulate": accumulate}), seed)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 3), st.integers(0, 5))
def test_every_pass_is_a_permutation(size: int, batch: int, accumulate: int, seed: int) -> None:
    made = order(size, batch, accumulate, seed)
    steps = -(-2 * size // (batch * accumulate))
    seen = [n for step in range(1, steps + 1) for part in range(accumulate) for n in made.indices(step, part)]
    assert sorted(seen[:size]) == list(range(size))
    assert sorted(seen[size : 2 * size]) == list(range(size))


def test_the_order_is_a_function_of_step_and_seed_alone() -> None:
    first = [order(30, 4).indices(step, 0) for step in (9, 2, 5)]
    torch.manual_seed(123)
    assert [order(30, 4).indices(step, 0) for step in (9, 2, 5)] == first
    assert [order(30, 4, seed=1).indices(step, 0) for step in (9, 2, 5)] != first
    assert [n for part in range(2) for n in order(30, 4, 2).indices(3, part)] == order(30, 8).indices(3, 0)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 3))
def test_what_is_seen_is_what_the_steps_draw(size: int, batch: int, accumulate: int) -> None:
    made = order(size, batch, accumulate)
    drawn = [
        n for step in range(1, OPTIMISER.steps + 1) for part in range(accumulate) for n in made.indices(step, part)
    ]
    assert made.seen() == list(dict.fromkeys(drawn))


def test_another_pass_has_another_order() -> None:
    made = order(30, 30)
    assert made.indices(1, 0) != made.indices(2, 0)


def test_groups_take_turns_and_none_loses_an_item() -> None:
    assert examples.interleave([[1, 2, 3], [], [4, 5], [7, 8, 9]]) == [1, 4, 7, 2, 5, 8, 3, 9]
    assert examples.interleave([]) == []


def test_a_task_batch_asks_and_ends_its_answers(llm: HostLLM) -> None:
    batch = tiny.batch(llm)
    assert batch.prompt.before.tolist() == list(llm.frame.before)
    for row, item in enumerate(tiny.ITEMS):
        ids, targets = batch.prompt.after.rows()[row], batch.prompt.targets[row]
        answer = batch.prompt.after.ids[row][targets].tolist()
        assert answer == batch.answer.rows()[row]
        assert answer[-1] == llm.frame.end
        assert llm.tokenizer.decode(answer[:-1]).strip() == item.target
        assert ids == llm.frame.prompt(batch.query.rows()[row]) + answer
        assert item.question in llm.tokenizer.decode(ids)
        assert llm.tokenizer.decode(batch.context.rows()[row]) == item.context


def test_the_prompt_of_training_is_the_prompt_of_answering(llm: HostLLM) -> None:
    batch = tiny.batch(llm)
    prompt = examples.question_prompt(batch.query.rows(), llm.frame)
    assert not prompt.targets.any()
    for row, start in enumerate(prompt.after.rows()):
        assert batch.prompt.after.rows()[row][: len(start)] == start
        assert int(batch.prompt.targets[row].nonzero()[0]) == len(start)


def test_a_text_batch_has_no_frame() -> None:
    batch = examples.text_batch([Window([1, 2, 3], [4, 5], [6]), Window([7], [8], [9, 10])])
    assert batch.prompt.before.tolist() == []
    assert batch.prompt.after.rows() == [[4, 5, 6], [8, 9, 10]]
    assert batch.prompt.targets.tolist() == [[False, False, True], [False, True, True]]
    assert batch.query.rows() == [[4, 5], [8]]
    assert batch.teacher is None


def test_an_empty_question_leaves_nothing_to_ask(llm: HostLLM) -> None:
    batch = tiny.batch(llm, [tiny.Question("A text.", "  ", "x")])
    assert batch.query.rows() == [[]]
