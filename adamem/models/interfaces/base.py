"""What an interface offers."""

from __future__ import annotations

from torch import nn
from transformers import DynamicCache

from adamem.models.records import Memory


class Interface(nn.Module):
    """Turns memory into what the decoder reads: vectors in the prompt, or keys and values in its cache."""

    def present(self, memory: Memory) -> tuple[Memory, DynamicCache | None]:
        """The part of the memory that stays in the prompt, and the cache that stands before it."""
        raise AssertionError(f"{type(self).__name__} does not say how it presents memory")
