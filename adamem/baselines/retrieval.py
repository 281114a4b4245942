"""Finding chunks of a context for a query: what the retrieval baselines are made of. No LLM here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import bm25s
import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging


class Ranker(Protocol):
    """Scores chunks against a query; higher is better."""

    def scores(self, query: str, chunks: Sequence[str]) -> np.ndarray: ...


class Bm25:
    """Okapi BM25 as the package bm25s computes it (Lucene's variant)."""

    def __init__(self) -> None:
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every index it builds, one per question

    def scores(self, query: str, chunks: Sequence[str]) -> np.ndarray:
        *corpus, wanted = (
            [str(word) for word in words]
            for words in bm25s.tokenize([*chunks, query], stopwords="en", show_progress=False, return_ids=False)
        )
        vocabulary = {word for words in corpus for word in words}
        known = [word for word in wanted if word in vocabulary]
        if not known:
            return np.zeros(len(chunks))
        index = bm25s.BM25()
        index.index(corpus, show_progress=False)
        return index.get_scores(known)


class MiniLm:
    """Cosine of all-MiniLM-L6-v2 sentence embeddings (Reimers and Gurevych 2019): mean over tokens, normalised."""

    def __init__(self, folder: str | Path, device: torch.device | str = "cpu") -> None:
        transformers_logging.disable_progress_bar()
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        model = AutoModel.from_pretrained(str(folder), use_safetensors=True, trust_remote_code=False)
        self.model = model.to(device).eval()

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors [n, 384]."""
        batch = self.tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        batch = batch.to(self.model.device)
        states = self.model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        return F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

    def scores(self, query: str, chunks: Sequence[str]) -> np.ndarray:
        """Always in float32: a training in bfloat16 ranks as its test does."""
        with torch.autocast(self.model.device.type, enabled=False):
            vectors = self.embed([query, *chunks])
            return (vectors[1:] @ vectors[0]).cpu().numpy()


def cut(ids: list[int], ends: list[bool], size: int) -> list[list[int]]:
    """Token ids as chunks of `size` tokens, or as sentences where `size` is 0. `ends` is true where one ends."""
    if size:
        return [ids[start : start + size] for start in range(0, len(ids), size)]
    chunks, current = [], []
    for token, end in zip(ids, ends, strict=True):
        current.append(token)
        if end:
            chunks.append(current)
            current = []
    return [*chunks, current] if current else chunks


def fill(chunks: list[list[int]], scores: np.ndarray, budget: int) -> list[int]:
    """The best chunks that fit a budget of tokens, the last one cut to fit, in reading order."""
    kept: dict[int, list[int]] = {}
    for index in np.argsort(-scores, kind="stable").tolist():
        room = budget - sum(len(chunk) for chunk in kept.values())
        if room <= 0:
            break
        kept[index] = chunks[index][:room]
    return [token for index in sorted(kept) for token in kept[index]]
