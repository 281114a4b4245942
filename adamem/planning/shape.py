"""What the planner needs to know of the frozen LLM, read off its config.json alone: no weights are loaded.

The model is built on torch's meta device, where tensors have shapes and no contents. So weights are counted and not
guessed, whatever the architecture, and a model that is not here needs a file of a kilobyte.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from adamem import config

STAGE_FOLDER = Path("models/llm")  # where the stage `llm` puts its LLM


@dataclass(frozen=True)
class LlmShape:
    """A causal LLM's sizes.

    `linear` are the weights of the matrices in one decoder layer and `biases` those beside them, `norms` the widths
    that its norms read, added up; `inner` is the width of its feed-forward part, of which `inner_saved` tensors are
    kept for the backward pass.
    """

    name: str
    weights: int
    width: int
    vocabulary: int
    layers: int
    linear: int
    biases: int
    norms: int
    heads: int
    heads_width: int
    kv_width: int
    inner: int
    inner_saved: int


def find(settings: config.Llm, given: Path | None) -> LlmShape:
    """The shape of the LLM of the settings, or of the config.json (or its folder) that is given.

    Raises:
        ValueError: there is no config.json, the hub cannot be reached, or the model is none that AdaMem can read.
    """
    match settings.source:
        case _ if given is not None:
            return _local(given, str(given), "give a config.json or its folder with --llm-config")
        case config.LlmFolder(path=path):
            return _local(Path(path), f"llm.source.path: {path}", "correct it, or give a config.json with --llm-config")
        case config.LlmHub(repo=repo, revision=revision):
            return _hub(repo, revision)
        case config.LlmWheel():
            return _local(STAGE_FOLDER, str(STAGE_FOLDER), "run `dvc repro llm`, or give one with --llm-config")
    raise AssertionError(settings.source)


def _local(path: Path, place: str, way_out: str) -> LlmShape:
    file = path / "config.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"{place}: no config.json of an LLM there; {way_out}")
    try:
        found = AutoConfig.from_pretrained(str(file), trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{file}: no configuration of an LLM that transformers knows ({error}); {way_out}") from error
    return of(found, str(file))


def _hub(repo: str, revision: str) -> LlmShape:
    try:
        found = AutoConfig.from_pretrained(repo, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"llm.source: the config.json of {repo} (revision {revision}) cannot be read from the hub ({reason}); "
            "connect, correct repo and revision, or give a copy of that file with --llm-config PATH"
        ) from error
    return of(found, f"{repo} (revision {revision})")


def of(found: Any, name: str) -> LlmShape:
    """The shape of the model that a configuration of transformers describes.

    Raises:
        ValueError: it is no causal LLM with decoder layers, of which the features are made.
    """
    try:
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(found, trust_remote_code=False)
        layer: nn.Module = model.base_model.layers[0]
    except (ValueError, AttributeError, IndexError) as error:
        reason = str(error).splitlines()[0][:120]
        raise ValueError(f"{name}: no causal LLM with decoder layers ({reason}); choose another LLM") from error
    heads = found.num_attention_heads
    head_width = getattr(found, "head_dim", None) or found.hidden_size // heads
    kv_width = head_width * (getattr(found, "num_key_value_heads", None) or heads)
    inner, linear = found.intermediate_size, sum(weight for _, weight in _linears(layer))
    forward = sum(weight for name, weight in _linears(layer) if "mlp" in name)
    return LlmShape(
        name=name,
        weights=sum(weight.numel() for weight in model.parameters()),
        width=found.hidden_size,
        vocabulary=found.vocab_size,
        layers=len(model.base_model.layers),
        linear=linear,
        biases=sum(weight.numel() for name, weight in layer.named_parameters() if "norm" not in name) - linear,
        norms=_norms(layer, found.hidden_size, heads * head_width, kv_width),
        heads=heads,
        heads_width=heads * head_width,
        kv_width=kv_width,
        inner=inner,
        inner_saved=3 if forward > 2 * found.hidden_size * inner else 1,  # gate, its activation, and up; or one alone
    )


def _linears(layer: nn.Module) -> list[tuple[str, int]]:
    return [(name, part.weight.numel()) for name, part in layer.named_modules() if isinstance(part, nn.Linear)]


def _norms(layer: nn.Module, width: int, heads_width: int, kv_width: int) -> int:
    """Norms over the residual stream; those of queries and keys are as wide as all their heads."""
    found = [name for name, part in layer.named_modules() if "Norm" in type(part).__name__]
    special = {"q_norm": heads_width, "k_norm": kv_width}
    return sum(special.get(name.rsplit(".", 1)[-1], width) for name in found)
