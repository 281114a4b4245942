"""What a step of a tiny model really takes: weights counted, products counted by torch, tensors that autograd keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM, GemmaConfig, GPTNeoXConfig, MistralConfig, Qwen2Config, Qwen3Config

from adamem import config
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.records import Prompt, TokenBatch
from adamem.planning import shape
from adamem.planning.planned import Planned
from adamem.planning.work import Work
from adamem.training import losses
from tests import tiny

ROWS = 2
SIZES: dict[str, Any] = {
    "llm": {"dtype": "float32"},
    "chunk_encoder": {"chunk_size": 16, "summary_states": 4, "hidden": 16},
    "phase2": {"optimiser": {"batch_size": ROWS}},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "retrieval": {},
    "random": {"resampler": {"start": "random", "film": False}, "projection": {"kind": "mlp", "hidden": 16}},
    "soft prompt": {"resampler": {"hidden": 0}},
    "deep_prompt": {"interface": {"kind": "deep_prompt"}},
    "prefix_kv": {"interface": {"kind": "prefix_kv", "hidden": 16}},
}
ARCHITECTURES: dict[str, Callable[..., Any]] = {
    "qwen2": Qwen2Config,
    "qwen3": lambda **sizes: Qwen3Config(head_dim=16, **sizes),
    "gemma": lambda **sizes: GemmaConfig(head_dim=16, **sizes),
    "mistral": lambda **sizes: MistralConfig(sliding_window=None, **sizes),
    "gpt_neox": lambda **sizes: GPTNeoXConfig(**sizes),
}


def architecture(name: str) -> HostLLM:
    """A random LLM of another architecture than the tiny Llama."""
    sizes = ARCHITECTURES[name](
        vocab_size=320,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
    )
    model: Any = AutoModelForCausalLM.from_config(sizes)
    return HostLLM(model, tiny.make_tokenizer())


@dataclass(frozen=True)
class Step:
    """One backward pass on random tokens, and the plan for it."""

    model: AdaMem
    params: config.AdaMemConfig
    work: Work

    @classmethod
    def of(cls, host: HostLLM, variant: str, **work: Any) -> Step:
        """With `unfrozen` layers, changes the host."""
        params = tiny.settings(SIZES, VARIANTS[variant])
        model = AdaMem(params.model, host)
        tiny.stirred(model).train()
        if work.get("unfrozen"):
            host.unfreeze(work["unfrozen"])
        return cls(model, params, Work("a step", params.phase2.optimiser, 64, 8, 6, 24, 8, **work))

    def plan(self) -> Planned:
        return Planned.of(self.params, shape.of(self.model.host.model.config, "tiny"), self.work)

    def loss(self) -> Tensor:
        """As the objectives compute it, the small terms left out."""
        work, model = self.work, self.model
        context, query = _tokens(work.context), _tokens(work.query)
        if not work.reads:
            return -model.attend(context, query)[:, 0].mean()
        targets = torch.zeros(ROWS, work.after, dtype=torch.bool)
        targets[:, -work.targets :] = True
        prompt = Prompt(torch.arange(3, 3 + work.before), _tokens(work.after), targets)
        reading = model.read(model.compress(context, query), prompt)
        loss = losses.answer_nll(reading.logits, reading.labels)
        if work.distils:
            ids = torch.arange(4).expand(len(reading.labels), 4)
            loss = loss + losses.distillation(reading.logits, ids, torch.full(ids.shape, -2.0))
        return loss

    def flops(self) -> tuple[int, int]:
        """Forward and back, by torch's counter. It knows no fused attention of CPUs, so plain products are used."""
        with sdpa_kernel(SDPBackend.MATH):
            with FlopCounterMode(display=False) as forward:
                loss = self.loss()
            with FlopCounterMode(display=False) as back:
                loss.backward()
        return forward.get_total_flops(), back.get_total_flops()

    def kept(self) -> int:
        """Bytes that autograd keeps for the way back, each storage once, weights and buffers left out."""
        llm = self.model.host.model
        owned = [*self.model.parameters(), *self.model.buffers(), *llm.parameters(), *llm.buffers()]
        known = {_place(tensor) for tensor in owned}
        found: dict[int, Tensor] = {}

        def pack(tensor: Tensor) -> Tensor:
            if _place(tensor) not in known:
                found[_place(tensor)] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            self.loss()
        return sum(tensor.untyped_storage().nbytes() for tensor in found.values())


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _tokens(count: int) -> TokenBatch:
    generator = torch.Generator().manual_seed(count)
    ids = torch.randint(3, 320, (ROWS, count), generator=generator)
    return TokenBatch(ids, torch.ones_like(ids, dtype=torch.bool))
