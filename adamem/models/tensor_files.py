"""Named tensors in files: safetensors only, and never half a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from adamem.data.staged import staged


def save_in(folder: Path, files: dict[str, dict[str, Tensor]]) -> None:
    """Write a folder of safetensors files that appears only when it is whole."""
    with staged(folder) as half:
        for name, tensors in files.items():
            save_tensors(tensors, half / name)


def load_tensors(path: Path, way_out: str) -> dict[str, Tensor]:
    """Read named tensors of a safetensors file.

    Raises:
        ValueError: it is missing or not whole; the message ends with the way out.
    """
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); {way_out}") from error


def save_tensors(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write named tensors as safetensors, for whoever may read new files here (safetensors: for their owner alone).

    Raises:
        OSError: the system's own, where it cannot be written.
    """
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path, metadata)
    except SafetensorError as error:
        if code := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(code[1]), os.strerror(int(code[1])), str(path)) from error
        raise
    path.chmod(mode)
