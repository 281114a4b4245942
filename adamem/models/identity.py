"""What tells one frozen LLM from another, so that nothing made with one is read by the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Identity:
    """What a checkpoint or a stored memory must find again: hashes of the LLM's weights and of its tokenizer."""

    llm: str
    tokenizer: str

    @classmethod
    def of(cls, model: Any, tokenizer: Any) -> Identity:
        """Of an LLM as it was loaded: float32 and bfloat16 of one LLM are the same. In float16 one that is stored in
        float32 is another, since it is rounded twice."""
        return cls(_hash_weights(model), _hash_tokenizer(tokenizer))


def _hash_weights(model: Any) -> str:
    """sha256 over names, shapes and the leading numbers of every weight in bfloat16: tells models apart at once, but
    for a change of later numbers alone."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().reshape(-1)[:4096].bfloat16().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _hash_tokenizer(tokenizer: Any) -> str:
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return hashlib.sha256(repr((vocabulary, getattr(tokenizer, "chat_template", None))).encode()).hexdigest()
