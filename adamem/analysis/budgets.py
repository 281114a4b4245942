"""Who was trained on what: a comparison is worth what this says."""

from __future__ import annotations

from adamem import config
from adamem.analysis.methods import PICKS, RETRIEVAL, SENTENCES, WRITTEN, in_order
from adamem.analysis.results import Results
from adamem.analysis.tables import markdown, trained_weights

HEAD = """\
Who was trained on what, in examples: steps times batch. A method without a line is not trained, or reads with vectors
tuned for another. Questions are drawn from the same training items for all."""

SELECTED = (SENTENCES, PICKS)
SELECTORS = """ For {} the examples are those of
AdaMem's training and of their own vectors; the weights are the vectors' alone."""


def section(params: config.AdaMemConfig, results: Results) -> str:
    """A line for each trained method that was asked, and how the budgets differ."""
    lines = [[f"`{name}`", *cells, f"{trained_weights(results, name):,}"] for name, cells in _known(params, results)]
    columns = ["windows of text", "questions for what to pick", "questions answered", "told where the answer stands"]
    selected = " and ".join(f"`{name}`" for name in SELECTED if name in results.methods)
    head = HEAD + (SELECTORS.format(selected) if selected else "")
    return f"{head}\n\n{markdown(['method', *columns, 'trained weights'], lines)}"


def _known(params: config.AdaMemConfig, results: Results) -> list[tuple[str, list[str]]]:
    others = params.baselines
    reading, answering = params.phase1.optimiser, _examples(params.phase2.optimiser)
    text = {name: getattr(others, name).text_steps * _batch(reading) for name in ("icae", "autocompressor")}
    selects = params.resampler.start == "retrieval"
    picking, told = (f"{_examples(params.phase2.selector):,}", "yes") if selects else ("0", "no")
    ours = [f"{_examples(reading):,}", picking, f"{answering:,}", told]
    tuned = {
        RETRIEVAL: others.rag_tuned,
        "rag_bm25_tuned": others.rag_tuned,
        "full_context_tuned": others.full_context_tuned,
        "no_context_tuned": others.no_context_tuned,
    }
    cells = {"adamem": ours, "adamem_query_free": ours}
    cells["adamem_unfrozen"] = [*ours[:2], f"{answering + _examples(params.phase3.optimiser):,}", told]
    cells |= {name: [f"{count:,}", "0", f"{answering:,}", "no"] for name, count in text.items()}
    cells |= {name: ["0", "0", f"{answering:,}", "no"] for name in ("mean_pool", WRITTEN)}
    cells |= {name: ["0", "0", f"{_examples(one.optimiser):,}", "no"] for name, one in tuned.items()}
    behind = f"{answering + _examples(others.rag_tuned.optimiser):,}"
    cells |= {name: [*ours[:2], behind, "yes"] for name in SELECTED}
    return [(name, cells[name]) for name in in_order(cells) if name in results.methods]


def _examples(optimiser: config.Optimiser) -> int:
    return optimiser.steps * _batch(optimiser)


def _batch(optimiser: config.Optimiser) -> int:
    return optimiser.batch_size * optimiser.accumulate
