"""Named tensors in files: safetensors only, and never half a file."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from adamem.data.staged import staged


def save_in(folder: Path, files: dict[str, dict[str, Tensor]]) -> None:
    """Write a folder of safetensors files that appears only when it is whole."""
    with staged(folder) as half:
        for name, tensors in files.items():
            save_tensors(tensors, half / name)


def save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write named tensors as safetensors."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
