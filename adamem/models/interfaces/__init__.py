"""Stage C: how memory tokens enter the frozen LLM. One interface a file; `build` knows them all."""

from __future__ import annotations

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.interfaces.deep_prompt import DeepPrompt
from adamem.models.interfaces.prefix_kv import PrefixKV
from adamem.models.interfaces.soft_prefix import SoftPrefix
from adamem.models.silent import Offset

__all__ = ["DeepPrompt", "Interface", "PrefixKV", "SoftPrefix", "build", "for_vectors"]


def build(settings: config.Model, host: HostLLM) -> Interface:
    """The interface that the settings name, for AdaMem's memories."""
    if isinstance(settings.interface, config.PrefixKV):
        return PrefixKV(settings.interface, host)
    sizes = settings.resampler
    learned = sizes.n_fused if sizes.start == "retrieval" else sizes.n_latents  # the others are picked
    return for_vectors(settings.interface, host, learned)


def for_vectors(settings: config.Interface, host: HostLLM, count: int, pace: float = Offset.PACE) -> Interface:
    """As much of it as the learned vectors of a baseline share, also behind text: vectors of their own between the
    layers where AdaMem's have some; never a memory that is keys and values alone."""
    return DeepPrompt(count, host, pace) if isinstance(settings, config.DeepPrompt) else SoftPrefix()
