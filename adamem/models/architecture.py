"""What is asked of a causal LLM, and the ways in which its architecture may refuse.

Any decoder of transformers serves that keeps its layers in one list, reads vectors in place of tokens, and lets every
position attend to all before it: Llama, Qwen2, Qwen3, Mistral, Gemma and GPT-NeoX are tested. Memory tokens and keys
and values stand before the question, so a sliding window may be wider than what is read, but never narrower: the
memory would fall out of sight, and rows of a batch would lose it at different places.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from adamem.models.frozen import FrozenLinear, MasterLinear

ATTENTION = {
    "full_attention",
    "sliding_attention",
}  # layer types whose cache holds keys and values position by position
FINAL_NORMS = ("norm", "final_layer_norm")


@dataclass(frozen=True)
class Reach:
    """How many positions an LLM may be given at once, and the setting of its config.json that says so."""

    positions: int
    setting: str
    way_out: str

    def refuse_beyond(self, positions: int) -> None:
        """Raise ValueError where so many positions are too many."""
        if positions > self.positions:
            raise ValueError(
                f"{self.setting} in the LLM's config.json, but {positions} positions are read at once: give shorter "
                f"texts, {self.way_out}, or take another LLM as llm.source"
            )


def prepare(model: Any) -> None:
    """Refuse what cannot serve; and have capped attention computed where it is, in the eager kernel alone (Gemma 2).

    Raises:
        ValueError: the layers are not one list, or not all of them attend to all positions before them.
    """
    name, settings = type(model).__name__, model.config
    found = getattr(model.base_model, "layers", None)
    norms = [norm for norm in FINAL_NORMS if isinstance(getattr(model.base_model, norm, None), nn.Module)]
    if not isinstance(found, nn.ModuleList) or not norms or getattr(settings, "hidden_size", None) is None:
        raise ValueError(
            f"llm.source: {name} (model_type {settings.model_type}) does not keep its decoder layers and their norm in "
            "one list below its base model; take a text-only decoder such as Llama, Qwen, Mistral, Gemma or GPT-NeoX"
        )
    other = sorted(set(getattr(settings, "layer_types", None) or ()) - ATTENTION)
    if other:
        raise ValueError(f"llm.source: {name} has layer_types {other}; take an LLM with full attention in every layer")
    if getattr(settings, "use_bidirectional_attention", False):
        raise ValueError(f"llm.source: {name} has use_bidirectional_attention set; take a causal LLM")
    if getattr(settings, "attn_logit_softcapping", None) is not None:
        model.set_attn_implementation("eager")


def reach(settings: Any) -> Reach | None:
    """The narrowest limit that an LLM's config sets on what is read at once; none for most.

    Beyond the length that dynamic rotary scaling was made for, the longest row of a batch would change the others.
    """
    found: list[Reach] = []
    window = getattr(settings, "sliding_window", None)
    if window is not None and "sliding_attention" in (getattr(settings, "layer_types", None) or ["sliding_attention"]):
        out = "disable the window there if the LLM allows it (sliding_window: null)"
        found.append(Reach(window, f"sliding_window is {window}", out))
    for rope in _ropes(getattr(settings, "rope_parameters", None)):
        if rope.get("rope_type") in ("dynamic", "longrope"):
            own = rope.get("original_max_position_embeddings") or settings.max_position_embeddings
            said = f"rope_type {rope['rope_type']} starts to depend on the length at {own}"
            found.append(Reach(own, said, "choose another rope_type there"))
    return min(found, key=lambda limit: limit.positions, default=None)


def _ropes(parameters: dict[str, Any] | None) -> list[dict[str, Any]]:
    """One rotary setting, or one per type of layer (Gemma 3)."""
    if not parameters:
        return []
    return [parameters] if "rope_type" in parameters else [each for each in parameters.values() if each]


def ends(model: Any) -> tuple[int, ...]:
    """Tokens at which the LLM stops writing, by its generation_config.json: none, one or several."""
    found = getattr(model.generation_config, "eos_token_id", None)
    return () if found is None else (found,) if isinstance(found, int) else tuple(found)


def embedding_rms(model: Any) -> float:
    """Root mean square of the token embeddings as the first layer's input is made from them.

    Gemma 3 multiplies inside the embedding; Gemma and Gemma 2 do so behind it, with tokens and vectors alike.
    """
    embeddings = model.get_input_embeddings()
    scale = getattr(embeddings, "scalar_embed_scale", 1.0)
    return float(embeddings.weight.float().pow(2).mean().sqrt()) * scale


def trunk(base: Any, layers: int) -> Any:
    """The base model cut off after some layers; shares all weights with it."""
    trunk = copy.copy(base)
    trunk._modules = dict(base._modules)
    trunk.layers = base.layers[:layers]
    for name in FINAL_NORMS:
        if name in trunk._modules:
            setattr(trunk, name, nn.Identity())
    return trunk


def cap(logits: Tensor, settings: Any) -> Tensor:
    """Logits drawn softly below a limit, where the LLM has one (Gemma 2)."""
    limit = getattr(settings, "final_logit_softcapping", None)
    return logits if limit is None else limit * torch.tanh(logits / limit)


def refuse_nonlinear(layer: nn.Module) -> None:
    """Raise ValueError for a decoder layer whose weights, norms apart, are not all those of linear layers."""
    other = [
        f"{place}.{name}"
        for place, module in layer.named_modules()
        if not isinstance(module, (nn.Linear, FrozenLinear, MasterLinear))
        for name, _ in module.named_parameters(recurse=False)
        if "norm" not in f"{place}.{name}"
    ]
    if other:
        raise ValueError(
            f"phase3: {other[0]} of the LLM is no weight of a linear layer, and only those can be unfrozen; "
            "leave out the stage phase3, or take another LLM as llm.source"
        )
