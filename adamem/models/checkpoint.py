"""Checkpoints: trained weights, the corpus statistics and settings they go with, and the identity of the LLM.

A folder holds `weights.safetensors` and `checkpoint.json`. Weights of the LLM never enter; where phase 3 has
changed its top layers, those layers alone stand beside in `llm_top.safetensors`.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from adamem import config
from adamem.data.staged import staged
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.memory import refuse_mismatch
from adamem.models.method import Method
from adamem.models.tensor_files import load_tensors, save_tensors

WEIGHTS, RECORD, LLM_TOP = "weights.safetensors", "checkpoint.json", "llm_top.safetensors"
M = TypeVar("M", bound=Method)
_LAYER = re.compile(r"\.(\d+)\.")  # the first number in the name of a weight


def save(
    method: Method, folder: str | Path, settings: config.Section, llm_top: dict[str, nn.Parameter] | None = None
) -> None:
    """Write a checkpoint, with the changed layers of the LLM if there are any; it appears only when it is whole.

    Raises:
        ValueError: the folder holds other files, which the checkpoint would replace, or the disk is full.
    """
    refuse_others(Path(folder))
    record = {"method": type(method).__name__, "settings": settings.model_dump(), **asdict(method.host.identity)}
    with staged(Path(folder)) as half:
        save_tensors(method.state_dict(), half / WEIGHTS)
        (half / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        if llm_top is not None:
            save_tensors(dict(llm_top), half / LLM_TOP)


def refuse_others(folder: Path) -> None:
    """Raise ValueError for a folder that a checkpoint may not replace: it holds other files than one."""
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if others := sorted(found - {WEIGHTS, RECORD, LLM_TOP}):
        raise ValueError(f"{folder}: holds {others[0]}, which the checkpoint would replace; choose another folder")


def load(folder: str | Path, host: HostLLM) -> AdaMem:
    """An AdaMem as it was saved, on the LLM it was trained for.

    Raises:
        ValueError: nothing is there, it is no AdaMem, or it was trained for another LLM or tokenizer.
    """
    folder = Path(folder)
    settings = _record(folder)["settings"]
    try:
        described = config.Model.model_validate(settings)
    except ValueError as error:
        raise ValueError(f"{folder}: the settings stored there do not describe an AdaMem: {error}") from error
    return load_into(AdaMem(described, host), folder)


def load_into(method: M, folder: str | Path) -> M:
    """Fill a method built from the same settings with saved weights.

    Raises:
        ValueError: nothing is there, or it was saved by another method, LLM, tokenizer or size, or by an AdaMem of
            other settings, also where these change no shape.
    """
    folder = Path(folder)
    record = _record(folder)
    expected = {"method": type(method).__name__, **asdict(method.host.identity)}
    refuse_mismatch(record, expected, str(folder), "train it again, or load the LLM it was trained for")
    if isinstance(method, AdaMem):
        _refuse_other_settings(record["settings"], method.settings, folder)
    weights = load_tensors(folder / WEIGHTS, "run `dvc repro` again")
    try:
        method.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{folder / WEIGHTS}: the weights do not fit {type(method).__name__}: {error}") from error
    return method


def load_llm_top(host: HostLLM, folder: str | Path) -> None:
    """Put changed top layers, as many as are stored, into a host. It is another LLM from then on.

    Raises:
        ValueError: they are missing, not whole, or not the top layers of such an LLM.
    """
    tensors = load_tensors(Path(folder) / LLM_TOP, "run `dvc repro` again")
    found = {int(place[1]) for place in map(_LAYER.search, tensors) if place}
    if found != set(range(len(host.layers) - len(found), len(host.layers))) or not found:
        raise ValueError(f"{folder}: holds layers {sorted(found)}, not the top of {len(host.layers)}; train it again")
    parameters = host.unfreeze(len(found))
    if tensors.keys() != parameters.keys():
        raise ValueError(f"{folder}: holds other weights than the top {len(found)} layers have; train it again")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name]).requires_grad_(False)


def _refuse_other_settings(stored: dict[str, Any], settings: config.Model, folder: Path) -> None:
    """Some change what a model does and no shape."""
    for section, now in settings.model_dump(mode="json").items():
        if stored.get(section) != now:
            raise ValueError(
                f"{folder}: was trained with {section} {stored.get(section)}, but this model has {now}; train it again "
                "with these settings, or bring the old ones back"
            )


def _record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{folder}: no checkpoint there ({RECORD} is missing); run `dvc repro` first") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{folder / RECORD}: not valid JSON ({error}); run `dvc repro` again") from error
    if not isinstance(record, dict) or "settings" not in record:
        raise ValueError(f"{folder / RECORD}: no record of a checkpoint; run `dvc repro` again")
    return record
