"""Evidence: an answer's words are found by their characters, as whole words, in the longest stretches there are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adamem.data import evidence, examples
from adamem.data.evidence import Run
from adamem.evaluation.answering import Question
from adamem.models.host import HostLLM
from tests import tiny

words = st.lists(st.sampled_from(["Lima", "Oslo", "the", "Nile", "10"]), min_size=1, max_size=8).map(" ".join)


def test_the_longest_stretches_are_found_everywhere() -> None:
    context = "Oslo is old. The coast of Oslo is long."
    assert list(evidence.runs("Oslo is long, Oslo", context)) == [Run(0, 12, (26,)), Run(14, 18, (0, 26))]


def test_parts_of_words_and_lone_punctuation_are_no_evidence() -> None:
    assert list(evidence.runs("3, man", "In 1345, many came.")) == []


@given(words, words)
def test_runs_stand_in_the_context_in_order_and_apart(answer: str, context: str) -> None:
    found = list(evidence.runs(answer, context))
    for run in found:
        assert all(context[place:].startswith(answer[run.first : run.last]) for place in run.places)
    assert all(one.last <= other.first for one, other in pairwise(found))
    covered = " ".join(answer[run.first : run.last] for run in found).split()
    assert covered == [word for word in answer.split() if word in context.split()]


def test_tokens_that_spell_the_answer_are_marked_however_they_are_cut(llm: HostLLM) -> None:
    """At the start of a line a word has other tokens than behind the space that an answer begins with."""
    item = Question("Cairo! Oslo is in Norway, not Cairo.", "?", "Cairo in Norway")
    batch = examples.task_batch([item], llm.tokenizer, llm.frame)
    assert batch.evidence is not None
    ids = batch.context.ids[0]
    spelled = "".join(llm.tokenizer.decode([ids[place]]) for place in batch.evidence[0].any(0).nonzero()[:, 0])
    assert spelled.replace(" ", "") == "CairoinNorwayCairo"
    assert not batch.evidence[0, batch.answer.rows()[0].index(llm.frame.end)].any()


def test_padding_is_no_evidence(llm: HostLLM) -> None:
    batch, alone = tiny.batch(llm), tiny.batch(llm, [tiny.ITEMS[1]])
    assert batch.evidence is not None and alone.evidence is not None
    _, answer, context = alone.evidence.shape
    assert batch.evidence[1, :answer, :context].equal(alone.evidence[0])
    assert batch.evidence[1].sum() == alone.evidence.sum()
