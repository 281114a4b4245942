"""Memory tokens as soft tokens in the prompt: the LLM reads them like embedded words."""

from __future__ import annotations

from transformers import DynamicCache

from adamem.models.interfaces.base import Interface
from adamem.models.records import Memory


class SoftPrefix(Interface):
    """The main interface. Works with any LLM that takes embeddings, and has no weights."""

    def present(self, memory: Memory) -> tuple[Memory, DynamicCache | None]:
        return memory, None
