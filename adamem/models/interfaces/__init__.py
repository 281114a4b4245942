"""Stage C: how memory tokens enter the frozen LLM. One interface a file; `build` knows them all."""

from __future__ import annotations

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.interfaces.prefix_kv import PrefixKV
from adamem.models.interfaces.soft_prefix import SoftPrefix

__all__ = ["Interface", "PrefixKV", "SoftPrefix", "build"]


def build(settings: config.Interface, host: HostLLM) -> Interface:
    """The interface that the settings name."""
    if isinstance(settings, config.PrefixKV):
        return PrefixKV(settings, host)
    return SoftPrefix()
