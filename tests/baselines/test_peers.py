"""What the compressors that others wrote keep, and that they leave the LLM as they found it."""

from __future__ import annotations

import pytest
import torch

from adamem.baselines import peers
from adamem.baselines.bounds import TunedText
from adamem.baselines.kv_press import KvPress, PressedMemory
from adamem.baselines.longllmlingua import LongLlmLingua, PairCacheLLM
from adamem.data.examples import question_prompt
from adamem.models.host import HostLLM
from tests import tiny, workplace

K = 8
PRESSES = [("SnapKVPress", True), ("ExpectedAttentionPress", False)]
both_presses = pytest.mark.parametrize(("press", "sees"), PRESSES)


@pytest.fixture
def host() -> HostLLM:
    return tiny.make_host()


def pressed(host: HostLLM, press: str, sees: bool, budget: int = K) -> KvPress:
    workplace.skip_without("kvpress")
    return KvPress(host, press, budget, sees_question=sees)


def compress(method: KvPress, question: str = "What is the capital of Peru?") -> PressedMemory:
    context = tiny.ids(method.host, " ".join(tiny.FACTS))
    memory = method.compress(context, tiny.ids(method.host, question))
    assert isinstance(memory, PressedMemory)
    return memory


def test_a_package_that_is_not_there_is_named_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"needs the package no_such_package .*pip install -e '\.\[peers\]'"):
        peers.load("no_such_package")


@both_presses
def test_every_layer_keeps_the_frame_and_k_entries_and_the_question(press: str, sees: bool, host: HostLLM) -> None:
    method = pressed(host, press, sees)
    memory = compress(method)
    question = tiny.ids(host, "What is the capital of Peru?").ids.shape[1] + len(host.frame.between)
    expected = len(host.frame.before) + K + (question if sees else 0)
    assert {keys.shape[2] for pair in memory.layers for keys in pair} == {expected}
    assert bool(memory.entries.all())
    assert memory.lengths().tolist() == [K]


@both_presses
def test_the_frame_is_never_thrown_away(press: str, sees: bool, host: HostLLM) -> None:
    whole = compress(pressed(host, press, sees, budget=10_000))
    memory = compress(pressed(host, press, sees))
    for (keys, _), (kept, _) in zip(whole.layers, memory.layers, strict=True):
        before = keys[:, :, : len(host.frame.before)]
        missed = (before[:, :, :, None] - kept[:, :, None]).abs().amax(-1).amin(-1)
        assert float(missed.max()) < 1e-5


@both_presses
def test_where_nothing_need_go_it_reads_as_the_full_text_does(press: str, sees: bool, host: HostLLM) -> None:
    """So positions, the frame, soft vectors and the question that was read already are as everywhere."""
    workplace.skip_without("kvpress")
    plain = TunedText(host, 3, full=True)
    method = KvPress(host, press, 10_000, sees_question=sees, vectors=plain.vectors)
    batch = tiny.batch(host)
    found = method.read(method.compress(batch.context, batch.query), batch.prompt)
    expected = plain.read(plain.compress(batch.context, batch.query), batch.prompt)
    assert torch.allclose(found.logits, expected.logits, atol=1e-4)
    prompt = question_prompt(batch.query.rows(), host.frame)
    written = [one.write(one.compress(batch.context, batch.query), prompt, 5) for one in (method, plain)]
    assert written[0] == written[1]


@both_presses
def test_only_a_press_that_sees_the_question_keeps_other_entries_for_another(
    press: str, sees: bool, host: HostLLM
) -> None:
    method, whole = pressed(host, press, sees), pressed(host, press, sees, budget=10_000)
    questions = ("What is the capital of Peru?", "Rivers, rice and cotton")
    assert torch.equal(_kept(method, whole, questions[0]), _kept(method, whole, questions[1])) != sees


def _kept(method: KvPress, whole: KvPress, question: str) -> torch.Tensor:
    """Which context tokens each head of the last layer kept, [heads, L]."""
    (kept, _), (keys, _) = compress(method, question).layers[-1], compress(whole, question).layers[-1]
    before, length = len(method.host.frame.before), tiny.ids(method.host, " ".join(tiny.FACTS)).ids.shape[1]
    context = keys[0, :, before : before + length]
    found = (context[:, :, None] - kept[0, :, None]).abs().amax(-1).amin(-1) < 1e-5
    assert found.sum(1).tolist() == [K] * len(found)
    return found


@both_presses
def test_nothing_is_left_on_the_llm(press: str, sees: bool, host: HostLLM) -> None:
    names = [name for name, _ in host.model.named_modules()]
    method = pressed(host, press, sees)
    compress(method)
    assert [name for name, _ in host.model.named_modules()] == names
    assert not any(module._forward_hooks for module in host.model.modules())


@both_presses
def test_it_runs_on_frozen_layers_in_bfloat16(press: str, sees: bool) -> None:
    method = pressed(tiny.make_host(dtype=torch.bfloat16), press, sees)
    memory = compress(method)
    assert {keys.dtype for pair in memory.layers for keys in pair} == {torch.bfloat16}
    assert memory.lengths().tolist() == [K]


def test_a_cache_of_pairs_that_was_cut_reads_on_as_one_that_never_was(host: HostLLM) -> None:
    llm = PairCacheLLM(host)
    ids = tiny.ids(host, " ".join(tiny.FACTS)).ids
    ones = torch.ones_like(ids)
    whole = llm(ids, attention_mask=ones, past_key_values=None, use_cache=True)
    cut = [(keys[:, :, :7], values[:, :, :7]) for keys, values in whole.past_key_values]
    rest = llm(ids[:, 7:], attention_mask=ones, past_key_values=cut, use_cache=True)
    assert torch.allclose(rest.logits, whole.logits[:, 7:], atol=1e-4)


def test_the_question_decides_what_longllmlingua_keeps(host: HostLLM) -> None:
    workplace.skip_without("longllmlingua")
    method = LongLlmLingua(host, 3 * K)
    context = tiny.ids(host, " ".join(tiny.FACTS))
    texts = [
        method.compress(context, tiny.ids(host, question)).text
        for question in ("What is the capital of Peru?", "Which rivers run through ten countries?")
    ]
    assert not (texts[0] is None or texts[1] is None or torch.equal(texts[0], texts[1]))
