"""What the stages before `benchmark` leave in `models/`, made small and untrained, and every method loaded from it.

Weights carry noise, so that no part is silent as it is at its start.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.catalogue import Bench
from adamem.models import checkpoint
from adamem.models.adamem import AdaMem
from adamem.models.method import Method
from adamem.models.tensor_files import save_tensors
from tests import tiny

PEERS = {"kvpress": "kvpress", "longllmlingua": "llmlingua"}  # how their methods begin: the package
LORA = {"encoder": {"kind": "llm_lora", "rank": 2}}
VARIANTS: dict[str, dict[str, Any]] = {
    "soft_prefix-retrieval": {},
    "soft_prefix-random": {"resampler": {"start": "random"}, "projection": {"kind": "mlp", "hidden": 16}},
    "deep_prompt-retrieval": {"interface": {"kind": "deep_prompt"}},
    "deep_prompt-random": {"interface": {"kind": "deep_prompt"}, "resampler": {"start": "random"}},
    "prefix_kv-retrieval": {"interface": {"kind": "prefix_kv", "hidden": 16}},
    "prefix_kv-random": {"interface": {"kind": "prefix_kv", "hidden": 16}, "resampler": {"start": "random"}},
    "features": {},
    "llm_lora": {"baselines": {"icae": LORA, "autocompressor": LORA}},
    "plain": {},
    "deep": {"interface": {"kind": "deep_prompt"}},
}


@dataclass(frozen=True)
class Case:
    """A method of the catalogue under one variant of the settings."""

    name: str
    variant: str

    def __str__(self) -> str:
        return f"{self.name}-{self.variant}"


def _variants(name: str) -> list[str]:
    if name.startswith("adamem"):
        return [variant for variant in VARIANTS if variant.startswith(("soft_prefix", "deep_prompt", "prefix_kv"))]
    return [*(["features", "llm_lora"] if name in ("icae", "autocompressor") else ["plain"]), *_deep(name)]


def _deep(name: str) -> list[str]:
    """Trained baselines share the interface of that name; a peer that reads soft vectors alone refuses it."""
    return ["deep"] if name in catalogue.EMPTY else []


CASES = [Case(name, variant) for name in catalogue.METHODS for variant in _variants(name)]


def load(case: Case, models: Path) -> Method:
    """A method as stage `benchmark` loads it, on an LLM of its own. A peer needs its package."""
    skip_without(case.name)
    bench = _bench(case.variant, models)
    return catalogue.entry(case.name).load(bench).eval()


def skip_without(name: str) -> None:
    """Skip where the package that a method comes from is not installed (one that is there must work)."""
    package = next((package for start, package in PEERS.items() if name.startswith(start)), None)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -e '.[peers]'")


def untrained(case: Case, models: Path) -> Method:
    """The same method before anything is loaded into it, with other random weights."""
    bench = _bench(case.variant, models)
    return catalogue.untrained(bench, case.name) if case.name in catalogue.EMPTY else catalogue.untrained_adamem(bench)


def _bench(variant: str, models: Path) -> Bench:
    params = tiny.settings(VARIANTS[variant])
    return Bench(tiny.make_host(), params, models, models / "baselines" / "rag" / "embedder")


def furnish(models: Path, variant: str) -> Path:
    """Write everything that the methods with a case of the variant are loaded from."""
    (models / "features").mkdir(parents=True)
    save_tensors(tiny.STATISTICS.tensors(), models / "features" / "statistics.safetensors")
    bench = _bench(variant, models)
    model = catalogue.untrained_adamem(bench)
    checkpoint.save(tiny.stirred(model), models / "phase2", bench.params.model)
    top = bench.host.unfreeze(bench.params.phase3.unfrozen_layers)
    changed = {name: torch.nn.Parameter(weight + 0.05) for name, weight in top.items()}
    checkpoint.save(model, models / "phase3", bench.params.model, changed)
    _embedder(models / "baselines" / "rag" / "embedder")
    sizes = {arm: {"chunk_tokens": 4 if "bm25" in arm else 0} for arm in catalogue.RAG_ARMS}
    (models / "baselines" / "rag" / "chunks.json").write_text(json.dumps(sizes), encoding="utf-8")
    for name in (name for name in catalogue.EMPTY if variant in _variants(name)):
        method = tiny.stirred(untrained(Case(name, variant), models))
        checkpoint.save(method, models / "baselines" / name, settings_of(method))
    return models


def settings_of(method: Method) -> config.Section:
    """What a checkpoint of the method is saved with: its own settings, or some section where it keeps none."""
    return method.settings if isinstance(method, AdaMem) else tiny.settings().evaluation


def _embedder(folder: Path) -> None:
    """A sentence embedder of MiniLM's kind, at random."""
    torch.manual_seed(3)
    sizes = BertConfig(
        vocab_size=320,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=256,
        pad_token_id=0,
    )
    BertModel(sizes).save_pretrained(folder)
    tokenizer = tiny.make_tokenizer()
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    tokenizer.save_pretrained(folder)
