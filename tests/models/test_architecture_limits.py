"""What an LLM cannot do is refused where it would go wrong, by the name of the setting and with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import DynamicCache

from adamem import config
from adamem.baselines.icae import Icae
from adamem.models import host as hosts
from adamem.models.host import HostLLM
from adamem.models.interfaces import PrefixKV
from tests import architectures, tiny

WINDOWED: dict[str, dict[str, Any]] = {
    "Mistral": {"sliding_window": 12},
    "Qwen2": {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1},
    "Qwen3": {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1},
    "Gemma2": {"sliding_window": 12},
    "Gemma3": {"sliding_window": 12},
}


@pytest.mark.parametrize("name", WINDOWED)
def test_a_window_is_refused_where_it_would_cut(name: str) -> None:
    host = architectures.make_host(name, **WINDOWED[name])
    embeds = host.embed(torch.arange(3, 15)[None])
    assert host.read(embeds).shape[1] == 12
    said = r"sliding_window is 12 in the LLM's config\.json, but 13 positions are read at once: give shorter texts"
    with pytest.raises(ValueError, match=said):
        host.read(torch.cat([embeds, embeds[:, :1]], 1))
    with pytest.raises(ValueError, match=said):
        host.features(torch.arange(3, 15)[None], 1)
    cache = DynamicCache()
    host.read(embeds, cache=cache)
    with pytest.raises(ValueError, match=said):
        host.read(embeds[:, :1], cache=cache)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("Mistral", {"sliding_window": None}),
        ("Qwen2", {"use_sliding_window": False, "sliding_window": 12}),
        ("Qwen2", {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 3}),
        ("Gemma3", {"sliding_window": 12, "layer_types": ["full_attention"] * 3}),
    ],
)
def test_a_window_that_no_layer_uses_does_not_matter(name: str, changes: dict[str, Any]) -> None:
    host = architectures.make_host(name, **changes)
    assert host.read(host.embed(torch.arange(3, 40)[None])).shape[1] == 37


def test_rotary_scaling_that_depends_on_the_longest_row() -> None:
    rope = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    host = architectures.make_host("Llama", rope_parameters=rope, max_position_embeddings=16)
    host.read(host.embed(torch.arange(3, 19)[None]))
    with pytest.raises(ValueError, match=r"rope_type dynamic starts to depend on the length at 16 .* but 17 positions"):
        host.read(host.embed(torch.arange(3, 20)[None]))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4}, "GPT2LMHeadModel .model_type gpt2. does not keep its dec"),
        ("Gemma3", {"use_bidirectional_attention": True}, "use_bidirectional_attention set; take a causal LLM"),
        ("Llama4", {}, r"layer_types \['chunked_attention'\]; take an LLM with full attention"),
    ],
)
def test_other_architectures_are_refused_by_name(name: str, changes: dict[str, Any], said: str) -> None:
    if name == "GPT2":
        llm: Any = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=336, **changes))
    elif name == "Llama4":
        llm = architectures.make_llm("Llama")
        llm.config.layer_types = ["chunked_attention", "full_attention"]
    else:
        llm = architectures.make_llm(name, **changes)
    with pytest.raises(ValueError, match=said):
        HostLLM(llm, tiny.make_tokenizer())


def test_logits_that_are_made_in_another_way(tmp_path: Path) -> None:
    """Cohere scales them: read through the head alone they would be wrong, and nobody would notice."""
    architectures.make_llm("Cohere", num_key_value_heads=2, logit_scale=0.25).save_pretrained(tmp_path)
    tiny.make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="CohereForCausalLM makes its logits in a way that is not known here"):
        hosts.from_pretrained(str(tmp_path), torch.float32)


def test_what_cannot_be_unfrozen_or_adapted() -> None:
    host = architectures.make_host("Mixtral", num_key_value_heads=2, num_local_experts=2, sliding_window=None)
    with pytest.raises(ValueError, match=r"phase3: mlp\..* is no weight of a linear layer, .* leave out the stage"):
        host.unfreeze(1)
    with pytest.raises(ValueError, match=r"phase3\.unfrozen_layers is 4, but the LLM has 3 layers: choose 1 to 3"):
        host.unfreeze(4)


def test_latent_attention_takes_the_soft_prefix_alone() -> None:
    """Its keys are wider than its values, and its queries and values come from compressed vectors."""
    sizes = {"kv_lora_rank": 8, "q_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8}
    host = architectures.make_host(
        "DeepseekV2", **sizes, first_k_dense_replace=3, num_key_value_heads=4, head_dim=4, n_routed_experts=2
    )
    with pytest.raises(
        ValueError, match=r"prefix_kv, but DeepseekV2ForCausalLM caches .* use interface\.kind soft_pre"
    ):
        PrefixKV(config.PrefixKV(kind="prefix_kv", hidden=8), host)
    lora = tiny.settings({"baselines": {"icae": {"encoder": {"kind": "llm_lora", "rank": 2}}}})
    with pytest.raises(
        ValueError, match=r"finds no query and value projections in DeepseekV2Model; use encoder\.kind f"
    ):
        Icae(lora.baselines.icae, host, 8, 2)
