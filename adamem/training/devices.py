"""How a training uses its devices: precision, memory and compilation of what the processor is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.utils.checkpoint import checkpoint

from adamem import config
from adamem.models.host import HostLLM
from adamem.training import processes

CACHES = ("past_key_values", "layer_past")  # what layers call the cache they write into; the second in GPT-NeoX


def prepare(host: HostLLM, settings: config.Devices) -> None:
    """Set up the LLM's layers; a second call changes nothing. Call it after `HostLLM.unfreeze`.

    Where Accelerate is configured for FSDP, each process keeps its share of every frozen layer and fetches the rest
    when the layer is read. Trained layers stay whole, as do the embeddings and the head, which are also used alone.
    Early features are not kept then: a process that has them would not read a layer that another one waits for.
    """
    if processes.sharding():
        host.keep_features(0)
    for layer in host.layers:
        if settings.gradient_checkpointing and not isinstance(layer.forward, _Recomputed):
            layer.forward = _Recomputed(layer.forward)
        if settings.compile and layer._compiled_call_impl is None:
            layer.compile(dynamic=True)
        trained = any(weight.requires_grad for weight in layer.parameters())
        if processes.sharding() and not trained and not isinstance(layer, FSDPModule):
            fully_shard(layer, reshard_after_forward=True)


def autocast(host: HostLLM, settings: config.Devices) -> AbstractContextManager[Any]:
    """The precision that products of float32 weights are computed in; the weights and their updates stay float32.

    bfloat16 has the range of float32, so that no scaling of the loss is needed; float16 is not offered.
    """
    return torch.autocast(host.device.type, dtype=torch.bfloat16, enabled=settings.precision == "bf16")


class _Recomputed:
    """A layer's `forward` that keeps its input alone and computes the rest once more for the backward pass.

    Layers that write into a cache are computed as they are: a second pass would write a second time.
    """

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward

    def __call__(self, hidden_states: Tensor, **given: Any) -> Any:
        learns = torch.is_grad_enabled() and hidden_states.requires_grad
        if not learns or any(given.get(name) is not None for name in CACHES):
            return self.forward(hidden_states, **given)
        return checkpoint(self.forward, hidden_states, use_reentrant=False, preserve_rng_state=False, **given)
