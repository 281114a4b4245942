"""The host: a causal LLM that is read through and never trained.

It is deliberately no `nn.Module`, so that no compressor that holds one can put the LLM's weights into its own
state, and no optimiser can find them by accident.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils import logging as transformers_logging

from adamem import config
from adamem.models.feature_cache import FeatureCache
from adamem.models.frame import ChatFrame, encode
from adamem.models.frozen import FrozenLinear, MasterLinear, replace_linears
from adamem.models.sentences import Sentences


@dataclass(frozen=True)
class Identity:
    """What a checkpoint or a stored memory must find again: hashes of the LLM's weights and of its tokenizer."""

    llm: str
    tokenizer: str


class HostLLM:
    """A frozen causal LLM with its tokenizer, chat frame and identity.

    Args:
        model: a causal LLM of transformers; its parameters are frozen here.
        tokenizer: its tokenizer.
        identity: hashes of both; computed from the weights when not given.
    """

    def __init__(self, model: Any, tokenizer: Any, identity: Identity | None = None) -> None:
        self.model = model.requires_grad_(False).eval()
        self.tokenizer = tokenizer
        self.frame = ChatFrame.of(tokenizer)
        self.identity = identity or Identity(_hash_weights(model), _hash_tokenizer(tokenizer))
        self.unfrozen = 0  # weights that `unfreeze` has made trainable
        self.feature_cache = FeatureCache()
        self.embedding_rms = float(model.get_input_embeddings().weight.float().pow(2).mean().sqrt())
        if self.dtype == torch.bfloat16 and self.device.type == "cpu":
            replace_linears(model, FrozenLinear)

    @property
    def device(self) -> torch.device:
        return self.model.get_input_embeddings().weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.get_input_embeddings().weight.dtype

    @property
    def width(self) -> int:
        """D, the width of the LLM."""
        return self.model.config.hidden_size

    @property
    def vocabulary(self) -> int:
        """V, the number of token ids."""
        return self.model.config.vocab_size

    @cached_property
    def sentences(self) -> Sentences:
        """Where its tokens end sentences."""
        return Sentences(self.tokenizer, self.vocabulary)

    @property
    def layers(self) -> nn.ModuleList:
        """The decoder layers, first to last."""
        return self.model.base_model.layers

    def embed(self, ids: Int[Tensor, "*B L"]) -> Float[Tensor, "*B L D"]:
        """Token embeddings in float32, without gradient."""
        with torch.no_grad():
            return self.model.get_input_embeddings()(ids).float()

    def instruction(self, count: int) -> Float[Tensor, "n D"]:
        """Embeddings of a plain instruction, repeated to `count` tokens: soft prompts learn faster from words
        than from noise (Lester et al. 2021)."""
        ids = encode(self.tokenizer, "Answer with the names or values only. ")
        return self.embed(torch.tensor([ids[index % len(ids)] for index in range(count)], device=self.device))

    @torch.no_grad()
    def features(self, ids: Int[Tensor, "B L"], layers: int) -> Float[Tensor, "B L D"]:
        """Hidden states after the first `layers` decoder layers, float32.

        Every row is read on its own behind one end-of-text token: the first position of a causal LLM collects
        attention from all others and its state says nothing of the token there. Padding on the right cannot
        reach what stands before it.
        """
        if not 0 <= layers <= len(self.layers):
            raise ValueError(
                f"chunk_encoder.feature_layers is {layers}, but the LLM has {len(self.layers)} layers: "
                f"choose 0 to {len(self.layers)}"
            )
        return self.feature_cache.get(layers, ids, lambda rows: self._early_states(rows, layers)).float()

    def _early_states(self, ids: Int[Tensor, "B L"], layers: int) -> Float[Tensor, "B L D"]:
        sink = torch.full_like(ids[:, :1], self.frame.end)
        return _trunk(self.model.base_model, layers)(torch.cat([sink, ids], 1), use_cache=False)[0][:, 1:]

    def keep_features(self, megabytes: int) -> None:
        """From now on keep the features of what is read, up to a size, for when it is read again."""
        self.feature_cache = FeatureCache(megabytes * 1_000_000)

    def read(
        self,
        embeds: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "B C"] | Float[Tensor, "B 1 T C"] | None = None,
        positions: Int[Tensor, "B T"] | None = None,
        cache: DynamicCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Last hidden states. `mask` spans cache and input: true where a position is real, or else what is added to
        the attention. Without it the causal mask alone is used, which is enough for rows padded on the right and
        avoids the slow attention kernels."""
        output = self.model.base_model(
            inputs_embeds=embeds.to(self.dtype),
            attention_mask=mask.long() if mask is not None and mask.dtype == torch.bool else mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        )
        return output.last_hidden_state

    def logits(self, hidden: Float[Tensor, "*n D"]) -> Float[Tensor, "*n V"]:
        """Next-token logits in float32."""
        return self.model.get_output_embeddings()(hidden.to(self.dtype)).float()

    def unfreeze(self, layers: int) -> dict[str, nn.Parameter]:
        """Make the linear layers of the top `layers` decoder layers trainable, with float32 weights.

        Changes this host; load a second one where the untouched LLM is needed too.
        """
        self.keep_features(0)  # layers that change may be among those that make them
        top = list(self.layers)[-layers:]
        for layer in top:
            replace_linears(layer, MasterLinear)
        first = len(self.layers) - layers
        named = {
            f"layers.{first + index}.{name}": parameter
            for index, layer in enumerate(top)
            for name, parameter in layer.named_parameters()
            if "norm" not in name
        }
        for parameter in named.values():
            parameter.requires_grad_(True)
        self.unfrozen = sum(parameter.numel() for parameter in named.values())
        return named


def load(folder: str | Path, settings: config.Llm) -> HostLLM:
    """The LLM that the stage `llm` has put into a folder.

    Raises:
        ValueError: the folder holds no model.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder}: no LLM there (config.json is missing); run `dvc repro llm` first")
    return from_pretrained(str(folder), resolve_dtype(settings.dtype))


def from_pretrained(name: str, dtype: torch.dtype) -> HostLLM:
    """An LLM by hub id or folder, as safetensors; remote code is never run."""
    transformers_logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(name)
    model: Any = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, use_safetensors=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return HostLLM(model.to(device), tokenizer)


def resolve_dtype(name: str) -> torch.dtype:
    """The compute dtype by its setting; `auto` is bfloat16 where the processor multiplies in it."""
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _trunk(base: Any, layers: int) -> Any:
    """The base model cut off after some layers; shares all weights with it."""
    trunk = copy.copy(base)
    trunk._modules = dict(base._modules)
    trunk.layers = base.layers[:layers]
    for name in ("norm", "final_layer_norm"):
        if name in trunk._modules:
            setattr(trunk, name, nn.Identity())
    return trunk


def _hash_weights(model: Any) -> str:
    """sha256 over names, shapes and the leading rows of every weight: tells any two models apart at once."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().reshape(-1)[:4096].float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _hash_tokenizer(tokenizer: Any) -> str:
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return hashlib.sha256(repr((vocabulary, getattr(tokenizer, "chat_template", None))).encode()).hexdigest()
