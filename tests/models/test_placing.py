"""What stands before the frozen LLM: order, padding and decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

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
    packed = Strip(embeds, mask, mask * torch.arange(5)).packed(left)
    assert packed.slots[packed.mask].tolist() == [0, 2, 4, 2]
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
    """With vectors for the last two tokens in every layer but the first, and a hole in the second row."""
    generator = torch.Generator().manual_seed(6)
    deep = torch.randn(len(host.layers) - 1, 2, host.width, generator=generator, requires_grad=True)
    return replace(memory, deep=deep, mask=torch.tensor([[True, True, True], [True, False, True]]))


def behind_layers(host: HostLLM, memory: Memory, end: int) -> list[RemovableHandle]:
    """The same by what leaves a layer, for one row whose last memory token stands before position `end`."""
    assert memory.deep is not None
    more = F.pad(memory.deep.detach(), (0, 0, end - memory.deep.shape[1], 0))

    def hook(added: Tensor) -> Callable[[nn.Module, object, Tensor], Tensor]:
        return lambda layer, given, found: found + F.pad(added, (0, 0, 0, found.shape[1] - len(added)))

    return [layer.register_forward_hook(hook(one)) for layer, one in zip(host.layers, more, strict=False)]


@pytest.mark.parametrize("texts", [None, [[21, 22, 23, 24, 25], [31]]], ids=["soft", "text+soft"])
def test_layers_add_to_the_tokens_that_the_vectors_are_for(llm: HostLLM, texts: list[list[int]] | None) -> None:
    """Against one plain forward pass per row, wherever its tokens stand and though one of them may be missing."""
    memory, prompt = deepened(llm, memory_of(llm, texts, 2, count=3)), prompt_of(llm, [[41, 42], [51, 52, 53]])
    assert memory.deep is not None
    reading = placing.read_targets(llm, memory, prompt)
    written = placing.generate(llm, memory, replace(prompt, targets=torch.zeros_like(prompt.targets)), 4)
    for row, whole in enumerate(prompt.after.rows()):
        first = llm.embed(torch.tensor([[*prompt.before.tolist(), *(texts[row] if texts else [])]]))
        real = memory.mask[row].nonzero()[:, 0]
        alone = replace(memory, deep=memory.deep[:, real[real > 0] - 1])
        strip = torch.cat([first, memory.tokens[:1, real], llm.embed(torch.tensor([whole]))], 1)
        hooks = behind_layers(llm, alone, first.shape[1] + len(real))
        hidden = llm.read(strip)[0, -len(whole) :]
        [hook.remove() for hook in hooks]
        assert torch.allclose(reading.logits[reading.rows == row], llm.logits(hidden)[2:-1], atol=1e-4)
        assert written[row][0] == int(llm.logits(hidden[-1]).argmax())
    reading.logits.square().mean().backward()
    assert bool((memory.deep.grad != 0).any(-1).all()), "every vector of every layer learns"


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
