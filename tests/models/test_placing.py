"""What stands before the frozen LLM: order, padding and decoding."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import DynamicCache

from adamem import config
from adamem.models import placing
from adamem.models.host import HostLLM
from adamem.models.interfaces import PrefixKV
from adamem.models.placing import Strip
from adamem.models.records import Memory, Prompt, TokenBatch
from tests import tiny


@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_packing_closes_holes_and_keeps_the_order(left: bool) -> None:
    mask = torch.tensor([[True, False, True, False, True], [False, False, True, False, False]])
    embeds = torch.arange(1.0, 11.0).reshape(2, 5, 1)
    packed = Strip(embeds, mask).packed(left)
    assert packed.embeds[packed.mask].flatten().tolist() == [1.0, 3.0, 5.0, 8.0]
    assert packed.mask.tolist() == [[True] * 3, [False, False, True] if left else [True, False, False]]
    assert packed.positions().tolist() == [[0, 1, 2], [0, 0, 0]]


def prompt_of(host: HostLLM, answers: list[list[int]]) -> Prompt:
    """A question and an answer behind it, per row."""
    after = TokenBatch.pad([[11, 12, 13, *answer] for answer in answers])
    columns = torch.arange(after.ids.shape[1])
    return Prompt(torch.tensor(host.frame.before), after, after.mask & (columns >= 3))


def memory_of(host: HostLLM, texts: list[list[int]] | None, rows: int, count: int = 2) -> Memory:
    """`count` soft tokens behind text, if there is any."""
    generator = torch.Generator().manual_seed(5)
    tokens = 0.3 * torch.randn(1, count, host.width, generator=generator).expand(rows, -1, -1)
    mask = torch.ones(rows, count, dtype=torch.bool)
    if texts is None:
        return Memory(tokens, mask)
    text = TokenBatch.pad(texts)
    return Memory(tokens, mask, host.embed(text.ids), text.mask)


@pytest.mark.parametrize("texts", [None, [[21, 22, 23, 24, 25], [31]]], ids=["soft", "text+soft"])
@pytest.mark.parametrize("interface", ["soft_prefix", "prefix_kv"])
def test_what_is_read_is_before_text_tokens_after(llm: HostLLM, texts: list[list[int]] | None, interface: str) -> None:
    """Against one plain forward pass per row, without padding; with keys and values, the prefix comes first."""
    memory, prompt = memory_of(llm, texts, 2), prompt_of(llm, [[41, 42], [51, 52, 53]])
    kv = interface == "prefix_kv"
    torch.manual_seed(0)
    present = PrefixKV(config.PrefixKV(kind="prefix_kv", hidden=8), llm)
    with torch.no_grad():
        presented, cache = present.present(memory) if kv else (memory, None)
        reading = placing.read_targets(llm, presented, prompt, cache)
        for row, whole in enumerate(prompt.after.rows()):
            alone = memory_of(llm, None, 1)
            first, last = [*prompt.before.tolist(), *(texts[row] if texts else [])], torch.tensor([whole])
            parts = [llm.embed(torch.tensor([first])), alone.tokens, llm.embed(last)]
            strip = torch.cat(parts[::2] if kv else parts, 1)
            hidden = llm.read(strip, cache=present.present(alone)[1] if kv else None)[0, -len(whole) :]
            assert torch.allclose(reading.logits[reading.rows == row], llm.logits(hidden)[2:-1], atol=1e-4)
    assert reading.labels.tolist() == [41, 42, 51, 52, 53]


def deepened(host: HostLLM, memory: Memory) -> Memory:
    """With something added to the keys and values of the last two tokens, in every layer."""
    generator = torch.Generator().manual_seed(6)
    pairs = [[torch.randn(2, 2, 8, generator=generator, requires_grad=True) for _ in range(2)] for _ in host.layers]
    return replace(memory, added=pairs)


@pytest.mark.parametrize("texts", [None, [[21, 22, 23, 24, 25], [31]]], ids=["soft", "text+soft"])
def test_what_is_added_is_there_before_it_is_read(llm: HostLLM, texts: list[list[int]] | None) -> None:
    """Against plain passes per row: up to the memory's end, and behind keys and values with something added."""
    memory, prompt = memory_of(llm, texts, 2, count=3), prompt_of(llm, [[41, 42], [51, 52, 53]])
    deep = deepened(llm, memory)
    assert deep.added is not None
    reading = placing.read_targets(llm, deep, prompt)
    written = placing.generate(llm, deep, replace(prompt, targets=torch.zeros_like(prompt.targets)), 4)
    for row, whole in enumerate(prompt.after.rows()):
        first, cache = [*prompt.before.tolist(), *(texts[row] if texts else [])], DynamicCache()
        llm.read(torch.cat([llm.embed(torch.tensor([first])), memory.tokens[:1]], 1), cache=cache)
        for layer, pair in zip(cache.layers, deep.added, strict=True):
            assert layer.keys is not None and layer.values is not None
            for kept, more in zip((layer.keys, layer.values), pair, strict=True):
                kept.detach()[:, :, -2:] += more.detach()
        hidden = llm.read(llm.embed(torch.tensor([whole])), cache=cache)[0]
        assert torch.allclose(reading.logits[reading.rows == row], llm.logits(hidden)[2:-1], atol=1e-4)
        assert written[row][0] == int(llm.logits(hidden[-1]).argmax())
    reading.logits.square().mean().backward()
    assert all(part.grad is not None and bool(part.grad.any()) for pair in deep.added for part in pair)


@pytest.mark.parametrize("texts", [None, [[21, 22, 23, 24, 25], [31]]], ids=["soft", "text+soft"])
def test_nothing_added_changes_nothing(llm: HostLLM, texts: list[list[int]] | None) -> None:
    """Nor do memories of different lengths, in either way of reading them."""
    memory, prompt = memory_of(llm, texts, 2, count=3), prompt_of(llm, [[41, 42], [51, 52, 53]])
    memory = replace(memory, mask=torch.tensor([[True, True, True], [True, False, True]]))
    none = replace(memory, added=[[torch.zeros(2, 2, 8)] * 2 for _ in llm.layers])
    found, plain = (placing.read_targets(llm, one, prompt).logits for one in (none, memory))
    assert torch.allclose(found, plain, atol=1e-4)
    asked = replace(prompt, targets=torch.zeros_like(prompt.targets))
    assert placing.generate(llm, none, asked, 4) == placing.generate(llm, memory, asked, 4)


def test_rows_end_at_their_end_token_each(llm: HostLLM) -> None:
    """The end token is cut off, and a row that has ended does not disturb the others."""
    memory = memory_of(llm, None, 3)
    prompt = replace(prompt_of(llm, [[61], [71, 72], []]), targets=torch.zeros(3, 5, dtype=torch.bool))
    free = placing.generate(llm, memory, prompt, 8)
    assert [len(row) for row in free] == [8, 8, 8]
    end = free[0][2]
    stopped = tiny.make_host()
    stopped.frame = replace(stopped.frame, end=end)
    found = placing.generate(stopped, memory, prompt, 8)
    assert found == [row[: row.index(end)] if end in row else row for row in free]
    assert len(found[0]) <= 2


def test_one_token_is_one_token(llm: HostLLM) -> None:
    prompt = replace(prompt_of(llm, [[61]]), targets=torch.zeros(1, 4, dtype=torch.bool))
    assert [len(row) for row in placing.generate(llm, memory_of(llm, None, 1), prompt, 1)] == [1]


def test_token_batches_pad_on_the_right() -> None:
    batch = TokenBatch.pad([[1, 2, 3], [], [4]])
    assert batch.rows() == [[1, 2, 3], [], [4]]
    assert batch.mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]]
    assert TokenBatch.pad([[], []]).ids.shape == (2, 1)
