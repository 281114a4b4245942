"""The host: a causal LLM that is read through and never trained.

It is deliberately no `nn.Module`, so that no compressor that holds one can put the LLM's weights into its own
state, and no optimiser can find them by accident.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils import logging as transformers_logging

from adamem import config
from adamem.models import architecture
from adamem.models.deep import Added
from adamem.models.feature_cache import FeatureCache
from adamem.models.frame import SYSTEM, ChatFrame, encode
from adamem.models.frozen import FrozenLinear, MasterLinear, replace_linears
from adamem.models.identity import Identity
from adamem.models.sentences import Sentences


class HostLLM:
    """A frozen causal LLM with its tokenizer, chat frame and identity.

    Args:
        model: a causal LLM of transformers; its parameters are frozen here.
        tokenizer: its tokenizer.
        identity: hashes of both; computed from the weights when not given.

    Raises:
        ValueError: the LLM's architecture, its chat template or its tokenizer cannot serve.
    """

    def __init__(self, model: Any, tokenizer: Any, identity: Identity | None = None) -> None:
        architecture.prepare(model)
        self.model = model.requires_grad_(False).eval()
        self.tokenizer = tokenizer
        self.frame = ChatFrame.of(tokenizer, architecture.ends(model))
        self.identity = identity or Identity.of(model, tokenizer)
        self.unfrozen = 0  # weights that `unfreeze` has made trainable
        self.feature_cache = FeatureCache()
        self.embedding_rms = architecture.embedding_rms(model)
        self._reach = architecture.reach(model.config)
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

    @property
    def ends(self) -> list[int]:
        """The tokens that end an answer: the frame's own, and all at which the LLM stops."""
        return sorted({self.frame.end, *architecture.ends(self.model)})

    def refuse_beyond(self, positions: int) -> None:
        """Raise ValueError where the LLM cannot be given so many positions at once; see `architecture.Reach`."""
        if self._reach is not None:
            self._reach.refuse_beyond(positions)

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
        self.refuse_beyond(ids.shape[1] + 1)
        return self.feature_cache.get(layers, ids, lambda rows: self._early_states(rows, layers)).float()

    def _early_states(self, ids: Int[Tensor, "B L"], layers: int) -> Float[Tensor, "B L D"]:
        sink = torch.full_like(ids[:, :1], self.frame.end)
        trunk = architecture.trunk(self.model.base_model, layers)
        return trunk(torch.cat([sink, ids], 1), use_cache=False)[0][:, 1:]

    def keep_features(self, megabytes: int) -> None:
        """From now on keep the features of what is read, up to a size, for when it is read again."""
        self.feature_cache = FeatureCache(megabytes * 1_000_000)

    def read(
        self,
        embeds: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "B C"] | None = None,
        positions: Int[Tensor, "B T"] | None = None,
        cache: DynamicCache | None = None,
        added: Added | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Last hidden states. `mask` spans cache and input; without it the causal mask alone is used, which is
        enough for rows padded on the right and avoids the slow attention kernels. What is `added` is for all layers
        but the first."""
        if self._reach is not None:
            self._reach.refuse_beyond(embeds.shape[1] + (0 if cache is None else cache.get_seq_length()))
        with nullcontext() if added is None else added.given_to(self.layers[1:]):
            output = self.model.base_model(
                inputs_embeds=embeds.to(self.dtype),
                attention_mask=None if mask is None else mask.long(),
                position_ids=positions,
                past_key_values=cache,
                use_cache=cache is not None,
            )
        return output.last_hidden_state

    def logits(self, hidden: Float[Tensor, "*n D"]) -> Float[Tensor, "*n V"]:
        """Next-token logits in float32."""
        return architecture.cap(self.model.get_output_embeddings()(hidden.to(self.dtype)).float(), self.model.config)

    def unfreeze(self, layers: int) -> dict[str, nn.Parameter]:
        """Make the linear layers of the top `layers` decoder layers trainable, with float32 weights.

        Changes this host; load a second one where the untouched LLM is needed too.

        Raises:
            ValueError: there are not so many layers, or they have other weights than norms and linear layers.
        """
        if not 1 <= layers <= len(self.layers):
            raise ValueError(
                f"phase3.unfrozen_layers is {layers}, but the LLM has {len(self.layers)} layers: "
                f"choose 1 to {len(self.layers)}"
            )
        self.keep_features(0)  # layers that change may be among those that make them
        top = list(self.layers)[-layers:]
        for layer in top:
            architecture.refuse_nonlinear(layer)
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
    """An LLM by hub id or folder, as safetensors; remote code is never run.

    Raises:
        ValueError: it cannot serve, or it computes its logits in a way that is not known here.
    """
    transformers_logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    model: Any = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, use_safetensors=True, trust_remote_code=False)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    host = HostLLM(model.to(device), tokenizer)
    _refuse_misread(host)
    return host


def resolve_dtype(name: str) -> torch.dtype:
    """The compute dtype by its setting; `auto` is bfloat16 where the processor multiplies in it, else float32."""
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    """By instructions of its own: oneDNN also emulates them by AVX512, at a third of the speed of float32."""
    able = torch.cpu.get_capabilities()
    if able.get("architecture") == "x86_64":
        return bool(able["avx512_bf16"] or able["amx_bf16"])
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


@torch.no_grad()
def _refuse_misread(host: HostLLM) -> None:
    """Logits read through the host must be the LLM's own: some architectures scale them in ways of their own."""
    ids = torch.tensor([encode(host.tokenizer, SYSTEM)], device=host.device)
    own, read = host.model(ids).logits.float(), host.logits(host.read(host.embed(ids)))
    off = float((own - read).abs().max() / own.abs().max().clamp_min(1e-6))
    if not off < 0.02:  # bfloat16 rounds to 0.004
        raise ValueError(
            f"llm.source: {type(host.model).__name__} makes its logits in a way that is not known here (off by "
            f"{off:.0%} of the largest); take an LLM such as Llama, Qwen, Mistral, Gemma or GPT-NeoX"
        )
