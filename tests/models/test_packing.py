"""Rows packed into few sequences: as if each were read alone."""

from __future__ import annotations

import itertools

import pytest
import torch

from adamem.models import packing
from adamem.models.host import HostLLM


def alone(llm: HostLLM, lead: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
    return llm.read(torch.cat([lead, row])[None])[0, len(lead) :]


@pytest.mark.parametrize("room", [4, 9, 512], ids=["one by one", "some together", "all together"])
def test_packed_rows_are_read_as_if_alone(llm: HostLLM, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ROOM", room)
    generator = torch.Generator().manual_seed(3)
    lead, rows = 0.3 * torch.randn(3, llm.width, generator=generator), torch.randn(4, 6, llm.width, generator=generator)
    mask = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 0], [1, 0, 1, 0, 1, 1]]).bool()
    rows.requires_grad_(True)
    hidden = packing.read(llm, lead, rows, mask)
    hidden.square().sum().backward()
    packed_gradient = rows.grad
    rows.grad = None
    for row, real, found in zip(rows, mask, hidden, strict=True):
        expected = alone(llm, lead, row[real])
        assert torch.allclose(found[real], expected, atol=1e-5)
        assert not found[~real].any()
        expected.square().sum().backward()
    assert packed_gradient is not None and rows.grad is not None
    assert torch.allclose(packed_gradient, rows.grad, rtol=1e-3, atol=1e-4)


def test_no_sequence_holds_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ROOM", 10)
    lengths = [3, 7, 12, 2, 5, 1, 4]
    sequence, start = packing._arrange(lengths)
    for home in set(sequence):
        taken = sorted((start[row], lengths[row]) for row in range(len(lengths)) if sequence[row] == home)
        assert all(a + n == b for (a, n), (b, _) in itertools.pairwise(taken)), "no hole and no overlap"
        assert sum(n for _, n in taken) <= 12, "the longest row sets the room where it needs more"
    assert max(sequence) + 1 == 3
