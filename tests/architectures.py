"""A tiny random LLM of every architecture that AdaMem is said to work with, beside `tiny`'s Llama.

Their vocabulary is larger than the tokenizer, as Qwen's is.
"""

from __future__ import annotations

from typing import Any

import torch
import transformers

from adamem.models.host import HostLLM
from tests import tiny

VOCABULARY = 336
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 2048,
    "initializer_range": 0.15,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GROUPED: dict[str, Any] = {"num_key_value_heads": 2}
WIDE: dict[str, Any] = {"num_key_value_heads": 1, "head_dim": 16}  # heads wider than their share of the model
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "Llama": GROUPED,
    "Qwen2": GROUPED,
    "Qwen3": WIDE,
    "Mistral": GROUPED,  # its sliding window, 4096, is wider than anything read here
    "Gemma": {**WIDE, "tie_word_embeddings": True},
    "Gemma2": {**WIDE, "final_logit_softcapping": 2.0, "attn_logit_softcapping": 1.0},
    "Gemma3": {
        **WIDE,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "GPTNeoX": {"rotary_pct": 0.25},
}


def make_llm(name: str, seed: int = 0, **changes: Any) -> Any:
    """A random causal LLM of an architecture, in float32."""
    settings = getattr(transformers, "Gemma3TextConfig" if name == "Gemma3" else f"{name}Config")
    torch.manual_seed(seed)
    llm = getattr(transformers, f"{name}ForCausalLM")(settings(**{**SIZES, **ARCHITECTURES.get(name, {}), **changes}))
    with torch.no_grad():
        for place, weight in llm.named_parameters():
            if weight.ndim == 1:  # norms and biases, which would all be alike
                weight += 0.1 * torch.randn_like(weight)
            elif "embed" in place and name in ("Gemma", "Gemma2", "Gemma3"):
                weight *= 0.3
    return llm


def make_host(name: str, seed: int = 0, **changes: Any) -> HostLLM:
    """The same with the tests' tokenizer."""
    return HostLLM(make_llm(name, seed, **changes), tiny.make_tokenizer())
