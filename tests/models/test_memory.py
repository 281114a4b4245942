"""The stored coarse memory: exact on the way to the disk and back, and refused by what did not write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from adamem.models.memory import CoarseMemory, Manifest, States

MANIFEST = Manifest(llm="a" * 64, tokenizer="b" * 64, encoder="c" * 64, end=2, chunk_size=8, summary_states=4)


@pytest.fixture
def memory() -> CoarseMemory:
    torch.manual_seed(0)
    mask = torch.tensor([[True, True, True, False], [True, False, False, False]])
    sentences = torch.tensor([[0, 0, 1, 1], [0, 0, 0, 0]])
    return CoarseMemory(torch.randn(2, 4, 3), torch.randn(2, 4, 3), sentences, torch.rand(2, 4), mask, MANIFEST)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_saved_is_what_is_loaded(memory: CoarseMemory, tmp_path: Path, dtype: torch.dtype) -> None:
    stored = memory.to(dtype)
    stored.save(tmp_path / "memory.safetensors")
    back = CoarseMemory.load(tmp_path / "memory.safetensors", MANIFEST)
    assert back.keys.dtype == back.values.dtype == dtype
    written = 3  # of four: the last one is over padding in both contexts
    assert all(
        torch.equal(getattr(back, name)[:, :written], part[:, :written]) for name, part in stored.tensors().items()
    )
    assert torch.equal(back.mask, stored.mask)
    assert back.manifest == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == ["memory.safetensors"]


@pytest.mark.parametrize("field", ["llm", "tokenizer", "encoder", "chunk_size", "summary_states"])
def test_another_maker_is_refused_by_name(memory: CoarseMemory, tmp_path: Path, field: str) -> None:
    memory.save(tmp_path / "memory.safetensors")
    other = replace(MANIFEST, **{field: 2 if isinstance(getattr(MANIFEST, field), int) else "z" * 64})
    with pytest.raises(ValueError, match=rf"memory.safetensors: made for {field} .*encode the context again"):
        CoarseMemory.load(tmp_path / "memory.safetensors", other)


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_half_a_file_is_refused_with_its_place(memory: CoarseMemory, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "memory.safetensors"
    memory.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"memory.safetensors: .*encode the context again"):
        CoarseMemory.load(path, MANIFEST)


def test_a_missing_file_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone.safetensors: .*encode the context again"):
        CoarseMemory.load(tmp_path / "gone.safetensors", MANIFEST)


def test_another_device_takes_all_of_it_along(memory: CoarseMemory) -> None:
    """A device by its name, as torch takes it; `meta` stands for a GPU."""
    assert {part.device.type for part in memory.to("meta").tensors().values()} == {"meta"}


def test_whoever_may_read_new_files_may_read_it(memory: CoarseMemory, tmp_path: Path) -> None:
    memory.save(tmp_path / "memory.safetensors")
    (tmp_path / "other").touch()
    assert (tmp_path / "memory.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_states_over_padding_alone_are_not_written(memory: CoarseMemory, tmp_path: Path) -> None:
    """So that a text costs what its tokens cost; a reader finds whole chunks again."""
    path = tmp_path / "memory.safetensors"
    memory.row(1).save(path)
    assert load_file(path)["keys"].shape == (1, 1, 3)
    back = CoarseMemory.load(path, MANIFEST)
    assert back.mask.tolist() == [[True, False, False, False]]
    assert back.keys.shape == back.values.shape == (1, 4, 3)


def test_bytes_per_token_count_all_of_a_state(memory: CoarseMemory) -> None:
    """Keys and values of width 3, a sentence number of 8 bytes, its information, a mask of 1 byte."""
    assert memory.window == 2
    assert memory.bytes_per_token() == (2 * 3 * 4 + 8 + 4 + 1) / 2
    assert memory.to(torch.bfloat16).bytes_per_token() == (2 * 3 * 2 + 8 + 2 + 1) / 2


def test_a_row_is_one_context_without_its_padding(memory: CoarseMemory) -> None:
    row = memory.row(0)
    assert isinstance(row, States)
    assert row.mask.tolist() == [[True] * 3]
    assert torch.equal(row.values[0], memory.values[0, :3])
    assert memory.to(torch.device("cpu")).keys.device.type == "cpu"


def test_a_row_is_the_memory_of_one_context(memory: CoarseMemory) -> None:
    row = memory.row(0)
    assert row.keys.shape == (1, 3, 3)
    assert torch.equal(row.values[0], memory.values[0, :3])
    assert bool(row.mask.all())
    assert row.manifest == MANIFEST
