"""Stage C: how memory tokens enter the frozen LLM. One interface a file; `build` knows them all."""

from __future__ import annotations

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.interfaces.deep_prefix import DeepPrefix
from adamem.models.interfaces.prefix_kv import PrefixKV
from adamem.models.interfaces.soft_prefix import SoftPrefix
from adamem.models.silent import Offset

__all__ = ["DeepPrefix", "Interface", "PrefixKV", "SoftPrefix", "build", "vectors"]


def build(settings: config.Interface, host: HostLLM, learned: int) -> Interface:
    """The interface that the settings name, for memories whose last `learned` tokens are not picked but learned."""
    if isinstance(settings, config.PrefixKV):
        return PrefixKV(settings, host)
    return vectors(settings, host, learned)


def vectors(settings: config.Interface, host: HostLLM, learned: int, pace: float = Offset.PACE) -> Interface:
    """As much of it as a baseline's learned vectors share, also behind text: their own keys and values in every layer
    where AdaMem's have some; never a memory that is keys and values alone."""
    return DeepPrefix(learned, host, pace) if isinstance(settings, config.DeepPrefix) else SoftPrefix()
