"""How each method is called, drawn and explained, everywhere the same.

A colour stands for a family, a marker for the method in it: no palette keeps fourteen hues apart for colour-blind
eyes, a family and a shape stay apart in print, too. Colours are those of Okabe and Ito. A method that is not
listed here is drawn in the neutral style and needs nothing to appear in the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BLUE, VERMILLION, GREEN, PURPLE, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#777777", "#000000"
ORANGE = "#E69F00"

OURS, STEP0 = "adamem", "adamem_step0"
CONTROL = "adamem_wrong_memory"
UPPER, LOWER = "full_context_tuned", "no_context_tuned"
RETRIEVAL_AT_K = ("rag_minilm_k", "rag_bm25_k")
RETRIEVAL = "rag_minilm_tuned"  # the strongest
WRITTEN = "rag_minilm_written"  # the same with vectors that are written for the question
SENTENCES, PICKS = "rag_selector_tuned", "picks_as_text_tuned"  # what the trained selector finds, as text


@dataclass(frozen=True)
class Style:
    """`what` says in one line what a reader of the report needs to know; `filled` is for the marker."""

    colour: str
    marker: str
    filled: bool
    what: str


STYLES = {
    "adamem": Style(BLUE, "o", True, "the trained compressor, frozen LLM untouched"),
    "adamem_unfrozen": Style(BLUE, "s", True, "the same after phase 3, which also tunes the top layers of the LLM"),
    "adamem_step0": Style(BLUE, "o", False, "the compressor before any training (retrieval start)"),
    "adamem_wrong_memory": Style(
        BLUE, "X", False, "control: another item's memory, of a text without the answer if there is one"
    ),
    "adamem_shuffled": Style(BLUE, "x", False, "control: the chunks of the coarse memory in reverse order"),
    "adamem_query_only": Style(BLUE, "+", False, "control: an empty coarse memory, nothing but the query"),
    "adamem_gold": Style(BLUE, "*", False, "the trained compressor over the answering documents alone"),
    "adamem_gold_windows": Style(BLUE, "*", True, "the trained compressor, told which windows hold the answer"),
    "adamem_query_free": Style(
        VERMILLION, "D", True, "AdaMem trained without the query: a learned constant in its place"
    ),
    "icae": Style(VERMILLION, "o", True, "query-free memory slots, one set a segment"),
    "autocompressor": Style(VERMILLION, "s", True, "query-free summary vectors, accumulated segment by segment"),
    "mean_pool": Style(VERMILLION, "^", True, "query-free means of windows"),
    "rag_minilm_k": Style(GREEN, "o", True, "best chunks by MiniLM as text, as many tokens as AdaMem's memory"),
    "rag_minilm_source": Style(GREEN, "o", False, "the same with as many tokens as AdaMem's picks were pooled from"),
    "rag_minilm_tuned": Style(
        GREEN, "D", True, "best chunks by MiniLM and tuned soft vectors, together as many positions"
    ),
    "rag_minilm_written": Style(
        GREEN, "p", True, "best chunks by MiniLM and vectors written for the question, together as many positions"
    ),
    "rag_bm25_k": Style(GREEN, "s", True, "best chunks by BM25 as text, as many tokens as AdaMem's memory"),
    "rag_bm25_source": Style(GREEN, "s", False, "the same with as many tokens as AdaMem's picks were pooled from"),
    "rag_bm25_tuned": Style(GREEN, "d", True, "best chunks by BM25 and tuned soft vectors, together as many positions"),
    "rag_selector_tuned": Style(
        GREEN, "^", True, "best sentences by AdaMem's trained selector and tuned vectors, together as many positions"
    ),
    "picks_as_text_tuned": Style(
        GREEN, "v", True, "the text of the windows that AdaMem picks, and as many tuned soft vectors as it fuses"
    ),
    "kvpress_snapkv": Style(
        ORANGE, "o", False, "the K KV entries per layer that SnapKV (kvpress) keeps, by the question's attention"
    ),
    "kvpress_snapkv_tuned": Style(ORANGE, "o", True, "the same, with tuned soft vectors behind them"),
    "kvpress_expected_attention": Style(
        ORANGE, "s", False, "the K KV entries per layer that expected attention (kvpress) keeps, without the question"
    ),
    "kvpress_expected_attention_tuned": Style(ORANGE, "s", True, "the same, with tuned soft vectors behind them"),
    "longllmlingua_k": Style(ORANGE, "^", False, "the words that LongLLMLingua keeps for the question, K tokens"),
    "longllmlingua_k_tuned": Style(ORANGE, "^", True, "the same, with tuned soft vectors behind them"),
    "longllmlingua_128": Style(ORANGE, "v", False, "the words that LongLLMLingua keeps for the question, 128 tokens"),
    "full_context_tuned": Style(PURPLE, "D", True, "reference: the whole text, with tuned soft vectors"),
    "full_context_tuned_gold": Style(PURPLE, "*", False, "the answering documents alone, with tuned soft vectors"),
    "full_context": Style(PURPLE, "D", False, "the whole text, zero-shot"),
    "no_context_tuned": Style(GREY, "v", True, "reference: no text, with tuned soft vectors"),
    "no_context": Style(GREY, "v", False, "no text, zero-shot"),
}
# methods that read soft vectors which were tuned as another's
LENT = {
    "kvpress_snapkv_tuned": "full_context_tuned",
    "kvpress_expected_attention_tuned": "full_context_tuned",
    "longllmlingua_k_tuned": "full_context_tuned",
}
# what ours is not in a race with: itself untrained, unfrozen, tampered with or read as text, arms told where the answer
# stands, and retrieval at the budget that ours has before pooling
NO_RIVALS = (
    "adamem_unfrozen",
    "adamem_step0",
    "adamem_wrong_memory",
    "adamem_shuffled",
    "adamem_query_only",
    "rag_selector_tuned",
    "picks_as_text_tuned",
)
NO_RIVALS_END = ("_gold", "_gold_windows", "_source")
NEUTRAL = Style(BLACK, "P", True, "")


def style(method: str) -> Style:
    """The look of a method, neutral for one that is not listed."""
    return STYLES.get(method, NEUTRAL)


def is_rival(method: str) -> bool:
    """Whether ours is compared with it to see which is better, and not to see why."""
    return method not in NO_RIVALS and not method.endswith(NO_RIVALS_END)


def in_order(methods: Iterable[str]) -> list[str]:
    """Families together, ours first; unknown methods behind, by name."""
    known = list(STYLES)
    return sorted(methods, key=lambda name: (known.index(name) if name in STYLES else len(known), name))
