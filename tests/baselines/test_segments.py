"""The query-free compressors: segments, what reads what, and where gradients stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from torch import Tensor

from adamem.baselines import segments
from adamem.baselines.autocompressor import AutoCompressor
from adamem.baselines.icae import Icae
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from tests import tiny
from tests.workplace import LORA

K, COUNT = 8, 4
SLOTS = K // COUNT
ENCODERS: dict[str, dict[str, Any]] = {"features": {}, "llm_lora": LORA}
Slots = Icae | AutoCompressor


def icae(llm: HostLLM, encoder: str = "features") -> Icae:
    torch.manual_seed(0)
    params = tiny.settings({"baselines": {"icae": ENCODERS[encoder]}})
    method = Icae(params.baselines.icae, llm, K, 2)
    tiny.stirred(method)
    return method


def autocompressor(llm: HostLLM, encoder: str = "features", **changes: int) -> AutoCompressor:
    torch.manual_seed(0)
    params = tiny.settings({"baselines": {"autocompressor": {**ENCODERS[encoder], **changes}}})
    method = AutoCompressor(params.baselines.autocompressor, llm, K, 2)
    tiny.stirred(method)
    return method


@pytest.fixture(params=list(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> str:
    return request.param


QUERY = TokenBatch.pad([[5, 6]])


def compress(method: Slots, ids: list[int]) -> Tensor:
    """Memory tokens of one context, segment by segment: [segments, slots, D]."""
    return method.compress(TokenBatch.pad([ids]), QUERY).tokens[0].unflatten(0, (COUNT, SLOTS))


def changed(ids: list[int], segment: int) -> list[int]:
    """Another token in the middle of a segment of four."""
    return [token + 1 if place == 4 * segment + 2 else token for place, token in enumerate(ids)]


@budget(max_examples=60)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.lists(st.floats(0.5, 1.5), min_size=1, max_size=5))
def test_segments_are_the_context_whatever_the_padding(counts: list[int], shares: list[float]) -> None:
    rows = [list(range(1, count + 1)) for count in counts]
    parts = segments.split(TokenBatch.pad(rows), shares)
    assert len(parts) == len(shares)
    assert [[token for part in parts for token in part.rows()[row]] for row in range(len(rows))] == rows
    alone = segments.split(TokenBatch.pad(rows[:1]), shares)
    assert [part.rows()[0] for part in alone] == [part.rows()[0] for part in parts]


def test_icae_segments_do_not_see_each_other(llm: HostLLM, encoder: str) -> None:
    method, ids = icae(llm, encoder), list(range(20, 36))
    before = compress(method, ids)
    for segment in range(COUNT):
        after = compress(method, changed(ids, segment))
        moved = [not torch.allclose(after[place], before[place], atol=1e-5) for place in range(COUNT)]
        assert moved == [place == segment for place in range(COUNT)]


@pytest.mark.parametrize("make", [icae, autocompressor])
def test_a_context_shorter_than_its_segments_is_read(llm: HostLLM, make: Callable[..., Slots], encoder: str) -> None:
    """In training and in use: segments that are left empty pool nothing, and no number is missing."""
    method = make(llm, encoder)
    for mode in (method.train(), method.eval()):
        with torch.set_grad_enabled(mode.training):
            assert bool(compress(mode, [20]).isfinite().all())


def test_autocompressor_reads_what_earlier_segments_left(llm: HostLLM, encoder: str) -> None:
    method, ids = autocompressor(llm, encoder), list(range(20, 36))
    before = compress(method, ids)
    for segment in range(COUNT):
        after = compress(method, changed(ids, segment))
        moved = [not torch.allclose(after[place], before[place], atol=1e-6) for place in range(COUNT)]
        assert moved == [place >= segment for place in range(COUNT)]


@pytest.mark.parametrize("every", [1, 2, 3, 9])
def test_gradients_stop_where_detach_every_says(llm: HostLLM, encoder: str, every: int) -> None:
    """Segment i sends gradient back to segment j only if both stand between the same two stops."""
    method = autocompressor(llm, encoder, detach_every=every)
    made: list[Tensor] = []
    forward = method.encoder.forward

    def watched(*arguments: Any) -> Tensor:
        made.append(forward(*arguments))
        return made[-1]

    method.encoder.forward = watched  # type: ignore[method-assign]
    compress(method, list(range(20, 36)))
    for later in range(COUNT):
        found = (
            torch.autograd.grad(made[later].square().sum(), made[:later], retain_graph=True, allow_unused=True)
            if later
            else ()
        )
        reached = [gradient is not None and bool(gradient.any()) for gradient in found]
        assert reached == [earlier // every == later // every for earlier in range(later)]


def test_every_summary_is_read_at_last(llm: HostLLM, encoder: str) -> None:
    method = autocompressor(llm, encoder, detach_every=1)
    tokens = method.compress(TokenBatch.pad([list(range(20, 36))]), QUERY).tokens
    tokens.square().sum().backward()
    assert all(weight.grad is not None for name, weight in method.named_parameters() if "reduce_earlier" not in name)


def test_random_segments_are_a_function_of_the_batch(llm: HostLLM) -> None:
    """And of its real tokens only; answering, segments are even."""
    method, ids = autocompressor(llm), list(range(20, 36))
    even = compress(method, ids)
    method.train()
    first = compress(method, ids)
    torch.manual_seed(99)
    padded = TokenBatch(torch.tensor([[*ids, 77, 77]]), torch.arange(18)[None] < 16)
    again = method.compress(padded, QUERY).tokens[0].unflatten(0, (COUNT, SLOTS))
    assert torch.allclose(again, first, atol=1e-5)
    assert not torch.allclose(first, even, atol=1e-3)


def test_lora_trains_lora_and_what_is_not_the_llm_only(llm: HostLLM) -> None:
    for method in (icae(llm, "llm_lora"), autocompressor(llm, "llm_lora")):
        names = {name.split("/")[-1] if "/" in name else name for name, _ in method.named_parameters()}
        assert names == {"encoder.slots", "weight", "shift.vectors", "projection.linear.weight"}
        lora = [name for name, _ in method.named_parameters() if "adapter" in name]
        assert len(lora) == 3 * 2 * 2
        assert all("lora_A" in name or "lora_B" in name for name in lora)
        assert all("q_proj" in name or "v_proj" in name for name in lora)
        compress(method, list(range(20, 36))).square().sum().backward()
        assert all(weight.grad is not None and bool(weight.grad.any()) for weight in method.parameters())
        assert all(weight.grad is None for weight in llm.model.parameters())


def test_lora_learns_in_bfloat16() -> None:
    half = tiny.make_host(dtype=torch.bfloat16)
    method = icae(half, "llm_lora")
    before = compress(method, list(range(20, 36)))
    before.square().sum().backward()
    assert before.dtype == torch.float32
    assert all(weight.dtype == torch.float32 for weight in method.parameters())
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in method.parameters())


def test_slots_begin_as_window_means(llm: HostLLM) -> None:
    """The same start as AdaMem's, without a query: only the mechanism differs."""
    torch.manual_seed(0)
    method = Icae(tiny.settings().baselines.icae, llm, K, 2).eval()
    ids = list(range(20, 36))
    part = method.encoder(llm, TokenBatch.pad([ids[:4]]))
    windows = llm.embed(torch.tensor([ids[:4]])).unflatten(1, (SLOTS, 2)).mean(2)
    assert torch.allclose(part, windows, atol=0.02)


def test_slots_must_be_shared_out_equally(llm: HostLLM) -> None:
    with pytest.raises(ValueError, match="n_latents 6 is no multiple of the baseline's segments 4"):
        Icae(tiny.settings().baselines.icae, llm, 6, 2)


def test_memory_counts_its_bytes(llm: HostLLM) -> None:
    assert icae(llm).offline_bytes(500) == 4 * K * llm.width
    assert autocompressor(llm).offline_bytes(500) == 4 * K * llm.width
