"""Every method of the comparison by name: how it is built, what is loaded into it, what it is asked about.

To add a method: a file here, a section under `baselines:` in the settings if it has any, and a line in `METHODS`; a
trained one also has a line in `EMPTY`, and its training in `adamem/training/fitting.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from adamem import config
from adamem.baselines.autocompressor import AutoCompressor
from adamem.baselines.bounds import PlainText, TunedText
from adamem.baselines.contexts import Items, gold_contexts, other_contexts
from adamem.baselines.controls import Tamper, TamperedAdaMem, chunks_reversed, emptied
from adamem.baselines.excerpt import Excerpt
from adamem.baselines.icae import Icae
from adamem.baselines.kv_press import KvPress
from adamem.baselines.longllmlingua import LongLlmLingua
from adamem.baselines.mean_pool import MeanPool
from adamem.baselines.query_free import QueryFreeAdaMem
from adamem.baselines.rag import Rag, TunedRag, WrittenRag
from adamem.baselines.retrieval import Bm25, MiniLm, Ranker
from adamem.baselines.selected_text import PicksAsText, SelectedText, SelectorRag
from adamem.models import checkpoint, interfaces
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.method import Method
from adamem.models.silent import Offset
from adamem.models.statistics import Scaled, Statistics

TUNED = (TunedText, TunedRag, SelectedText)  # vectors that are trained as they are, at a rate of their own


@dataclass(frozen=True)
class Bench:
    """What methods are built from: the frozen LLM, the settings, and the folder with what earlier stages made."""

    host: HostLLM
    params: config.AdaMemConfig
    models: Path
    embedder: Path = Path("models/baselines/rag/embedder")

    @property
    def memory_tokens(self) -> int:
        """K, the decoder positions that every compressor gets."""
        return self.params.resampler.n_latents

    @property
    def source_tokens(self) -> int:
        """Context tokens that AdaMem's K memory tokens are pooled from, K * P / S."""
        return self.memory_tokens * self.params.chunk_encoder.window

    @property
    def features(self) -> Path:
        """The corpus statistics of the features."""
        return self.models / "features" / "statistics.safetensors"


@dataclass(frozen=True)
class Entry:
    """How a method is made, as trained, and which items it sees."""

    load: Callable[[Bench], Method]
    full_text: bool = False  # reads the whole text: a paired subset of the items is enough
    counterfactual: bool = False  # also answers the copies with values permuted across entities
    items: Callable[[Items], Items] = lambda items: items


def untrained_adamem(bench: Bench) -> AdaMem:
    """AdaMem at its start, with the corpus statistics."""
    return AdaMem.fresh(bench.params.model, bench.host, bench.features, bench.params.training_seed)


def untrained(bench: Bench, name: str) -> Method:
    """A method that is trained, at its start: drawn by the training seed, with the corpus statistics if it has any."""
    torch.manual_seed(bench.params.training_seed)
    method = _empty(bench, name)
    if isinstance(method, Scaled):
        method.set_statistics(Statistics.load(bench.features))
    return method


def _trained(name: str) -> Callable[[Bench], Method]:
    """The checkpoint holds the statistics, too."""
    return lambda bench: checkpoint.load_into(_empty(bench, name), bench.models / "baselines" / name)


def _empty(bench: Bench, name: str) -> Method:
    """As it is built, nothing trained. Its learned vectors enter the LLM as AdaMem's do."""
    method, params = EMPTY[name](bench), bench.params
    if isinstance(method, AdaMem):
        return method
    count = params.resampler.n_fused if isinstance(method, Excerpt) else bench.memory_tokens
    pace = 1.0 if isinstance(method, TUNED) else Offset.PACE
    method.interface = interfaces.for_vectors(params.interface, bench.host, count, pace)
    return method


def _adamem(bench: Bench) -> AdaMem:
    return AdaMem(bench.params.model, bench.host)


def _icae(bench: Bench) -> Icae:
    layers = bench.params.chunk_encoder.feature_layers
    return Icae(bench.params.baselines.icae, bench.host, bench.memory_tokens, layers)


def _autocompressor(bench: Bench) -> AutoCompressor:
    layers = bench.params.chunk_encoder.feature_layers
    return AutoCompressor(bench.params.baselines.autocompressor, bench.host, bench.memory_tokens, layers)


def _tuned_text(bench: Bench, full: bool) -> TunedText:
    return TunedText(bench.host, bench.memory_tokens, full)


def _tuned_rag(bench: Bench, ranker: str) -> TunedRag:
    size = _chosen_chunk_tokens(bench, f"rag_{ranker}_k")
    return TunedRag(bench.host, _ranker(bench, ranker), bench.memory_tokens, size, bench.params.resampler.n_fused)


def _written_rag(bench: Bench) -> WrittenRag:
    writer, size = _adamem(bench), _chosen_chunk_tokens(bench, "rag_minilm_k")
    return WrittenRag(bench.host, _ranker(bench, "minilm"), bench.memory_tokens, size, writer)


def adamem_unfrozen(bench: Bench) -> AdaMem:
    """Phase 3: changes the host of this bench, which no other method may use from then on."""
    folder = bench.models / "phase3"
    model = checkpoint.load(folder, bench.host)
    checkpoint.load_llm_top(bench.host, folder)
    return model


def rag(bench: Bench, name: str, chunk_tokens: int | None = None) -> Rag:
    """A retrieval arm, `rag_RANKER_BUDGET`, at the chunk size that the stage `baseline@rag` chose for it."""
    ranker, budget = name.removeprefix("rag_").split("_")
    tokens = bench.memory_tokens if budget == "k" else bench.source_tokens
    size = _chosen_chunk_tokens(bench, name) if chunk_tokens is None else chunk_tokens
    return Rag(bench.host, _ranker(bench, ranker), tokens, size)


def peer(bench: Bench, name: str) -> Method:
    """A compressor that others wrote. Read `_tuned`, the soft vectors of `full_context_tuned` stand behind what it
    keeps: then the LLM knows the form of the answers, as it does with every method that we trained."""
    vectors = None
    if name.endswith("_tuned"):
        if isinstance(bench.params.interface, config.DeepPrompt):
            raise ValueError(
                f"interface.kind is deep_prompt, and {name} cannot read vectors between the layers; leave it out, or "
                "ask it with interface.kind soft_prefix"
            )
        text = _tuned_text(bench, full=True)
        vectors = checkpoint.load_into(text, bench.models / "baselines" / "full_context_tuned").vectors
    tokens = 128 if "128" in name else bench.memory_tokens
    if name.startswith("longllmlingua"):
        return LongLlmLingua(bench.host, tokens, vectors)
    press = "SnapKVPress" if "snapkv" in name else "ExpectedAttentionPress"
    return KvPress(bench.host, press, tokens, sees_question="snapkv" in name, vectors=vectors)


def _chosen_chunk_tokens(bench: Bench, name: str) -> int:
    chosen = json.loads((bench.models / "baselines" / "rag" / "chunks.json").read_text(encoding="utf-8"))
    return int(chosen[name]["chunk_tokens"])


def _ranker(bench: Bench, name: str) -> Ranker:
    return Bm25() if name == "bm25" else MiniLm(bench.embedder, bench.host.device)


def trained_adamem(bench: Bench) -> AdaMem:
    """AdaMem after phase 2, on the untouched LLM."""
    return checkpoint.load(bench.models / "phase2", bench.host)


def _tampered(tamper: Tamper) -> Callable[[Bench], Method]:
    return lambda bench: TamperedAdaMem(trained_adamem(bench), tamper)


# methods that are trained, before anything is drawn or loaded
EMPTY: dict[str, Callable[[Bench], Method]] = {
    "icae": _icae,
    "autocompressor": _autocompressor,
    "mean_pool": lambda bench: MeanPool(bench.host, bench.memory_tokens),
    "adamem_query_free": lambda bench: QueryFreeAdaMem(bench.params.model, bench.host),
    "rag_minilm_tuned": lambda bench: _tuned_rag(bench, "minilm"),
    "rag_bm25_tuned": lambda bench: _tuned_rag(bench, "bm25"),
    "rag_minilm_written": _written_rag,
    "rag_selector_tuned": lambda bench: SelectorRag(_adamem(bench)),
    "picks_as_text_tuned": lambda bench: PicksAsText(_adamem(bench)),
    "full_context_tuned": lambda bench: _tuned_text(bench, full=True),
    "no_context_tuned": lambda bench: _tuned_text(bench, full=False),
}

PEERS_AT_K = ("kvpress_snapkv", "kvpress_expected_attention", "longllmlingua_k")
PEERS = (*(name + ending for name in PEERS_AT_K for ending in ("", "_tuned")), "longllmlingua_128")

METHODS: dict[str, Entry] = {
    "adamem": Entry(trained_adamem, counterfactual=True),
    "adamem_unfrozen": Entry(adamem_unfrozen),
    "adamem_step0": Entry(lambda bench: untrained_adamem(bench).requires_grad_(False)),
    "adamem_wrong_memory": Entry(trained_adamem, items=other_contexts),
    "adamem_shuffled": Entry(_tampered(chunks_reversed)),
    "adamem_query_only": Entry(_tampered(emptied)),
    "adamem_gold": Entry(trained_adamem, items=gold_contexts),
    "adamem_query_free": Entry(_trained("adamem_query_free"), counterfactual=True),
    "icae": Entry(_trained("icae"), counterfactual=True),
    "autocompressor": Entry(_trained("autocompressor"), counterfactual=True),
    "mean_pool": Entry(_trained("mean_pool")),
    "rag_minilm_k": Entry(lambda bench: rag(bench, "rag_minilm_k"), counterfactual=True),
    "rag_minilm_source": Entry(lambda bench: rag(bench, "rag_minilm_source")),
    "rag_minilm_tuned": Entry(_trained("rag_minilm_tuned"), counterfactual=True),
    "rag_minilm_written": Entry(_trained("rag_minilm_written"), counterfactual=True),
    "rag_bm25_k": Entry(lambda bench: rag(bench, "rag_bm25_k"), counterfactual=True),
    "rag_bm25_source": Entry(lambda bench: rag(bench, "rag_bm25_source")),
    "rag_bm25_tuned": Entry(_trained("rag_bm25_tuned")),
    "rag_selector_tuned": Entry(_trained("rag_selector_tuned")),
    "picks_as_text_tuned": Entry(_trained("picks_as_text_tuned")),
    **{name: Entry(partial(peer, name=name), full_text=True) for name in PEERS},
    "full_context": Entry(lambda bench: PlainText(bench.host, full=True), full_text=True),
    "full_context_tuned": Entry(_trained("full_context_tuned"), full_text=True, counterfactual=True),
    "full_context_tuned_gold": Entry(_trained("full_context_tuned"), full_text=True, items=gold_contexts),
    "no_context": Entry(lambda bench: PlainText(bench.host, full=False)),
    "no_context_tuned": Entry(_trained("no_context_tuned"), counterfactual=True),
}
RAG_ARMS = tuple(name for name in METHODS if name.startswith("rag_") and name not in EMPTY)


def entry(name: str) -> Entry:
    """The entry of a method. Raises ValueError for a name that is not in the catalogue."""
    if name not in METHODS:
        raise ValueError(f"no method {name!r}; there are: {', '.join(METHODS)}")
    return METHODS[name]
