"""What an answer costs: the efficiency part of the page, from `reports/efficiency.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil, floor
from pathlib import Path
from typing import Any

from adamem.analysis.methods import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILLION
from adamem.analysis.tables import markdown

Cost = Mapping[str, Any]

# way, how it is called, colour, line style: dashed where something is kept between queries
WAYS = (
    ("full_cold", "full text, read for every query", PURPLE, "-"),
    ("full_reused", "full text, keys and values kept", PURPLE, "--"),
    ("adamem_cold", "AdaMem, encoding included", BLUE, "-"),
    ("adamem_cached", "AdaMem, coarse memory kept", BLUE, "--"),
    ("rag_minilm_k", "retrieval by MiniLM, chunks embedded for every query", GREEN, "-"),
    ("rag_bm25_k", "retrieval by BM25, indexed for every query", BLACK, "-"),
    ("encode", "encoding alone, once per text", VERMILLION, "-"),
    ("limit", "the bare LLM on as many positions, without any text", GREY, ":"),
)
ANSWER = 8  # tokens of a whole answer
FIRST, LATER, WHOLE = "first query on a text", "later query", f"later query, all {ANSWER} tokens"
COMPARED = (  # when, what ours takes then, and what is held against it
    (FIRST, "adamem_cold", ("full_cold", "rag_minilm_k", "rag_bm25_k")),
    (LATER, "adamem_cached", ("full_cold", "full_reused", "rag_bm25_k")),
    (WHOLE, "adamem_cached", ("full_cold", "full_reused", "rag_bm25_k")),
)
BESIDE = f"""\
Above 1 AdaMem is quicker; to the first token, or to the last of an answer of {ANSWER}. Retrieval is timed with nothing
kept, its index made anew for every query; with an index kept a later query would search, which was not timed, and then
cost what `limit` does. What published compressors cost beside it:
[the evidence](evidence/README.md#compressors-that-others-wrote)."""
TARGETS = {  # what was set out for, and whether more is better
    "ttft_cached_over_limit": (1.25, False),
    "ttft_cached_8192_over_512": (1.5, False),
    "ttft_full_over_cached_4096": (30.0, True),
    "prefill_over_encode_4096": (5.0, True),
    "encode_8192_over_4096": (2.2, False),
    "kv_bytes_over_memory_bytes": (20.0, True),
    "trainer_over_plain": (2.0, True),
}
MEANINGS = {
    "ttft_cached_over_limit": "time to first token, memory kept, over the bare LLM on as many positions (worst length)",
    "ttft_cached_8192_over_512": "time to first token, memory kept, of 8,192 tokens over that of 512",
    "ttft_full_over_cached_4096": "time to first token at 4,096 tokens, full text over memory kept",
    "prefill_over_encode_4096": "reading 4,096 tokens in full over encoding them",
    "encode_8192_over_4096": "encoding 8,192 tokens over encoding 4,096",
    "kv_bytes_over_memory_bytes": "bytes of the full text's keys and values over bytes of the coarse memory",
    "trainer_over_plain": "training steps a second of phase 2, this trainer over the stock one of transformers",
}


def read(path: Path) -> Cost:
    """The measured costs.

    Raises:
        ValueError: the file is missing or not what stage `efficiency` writes.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        return {part: dict(tree[part]) for part in ("ratios", "lengths", "peaks")}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no measured costs there ({error!r}); run stage `efficiency`") from error


def section(cost: Cost) -> str:
    """The part of the page, without its heading."""
    parts = [
        "Batch 1, medians of rounds in which all ways took turns, on the machine that ran the pipeline. Seconds to the "
        "first token of an answer, by length of the text:",
        _seconds(cost),
        _beside(cost),
        "In the two plots below, dashed ways keep something between queries; dotted is the bare LLM.",
        "![Time to first token against length](plots/cost_growth.png)",
        _growing(cost),
        "![Time to all first tokens against the number of queries, on the shortest text and on the longest]"
        "(plots/cost_amortised.png)",
        "Ratios, and what was aimed at:",
        _ratios(cost),
        _noise(cost),
        "Sizes and rates:",
        _sizes(cost),
        _peaks(cost),
    ]
    return "\n\n".join(part for part in parts if part)


def _seconds(cost: Cost) -> str:
    lengths = list(cost["lengths"])
    rows = [
        [f"`{way}`", name, *(f"{cost['lengths'][length][f'{way}_seconds']:.3f}" for length in lengths)]
        for way, name, _, _ in WAYS
    ]
    return markdown(["way", "", *(f"{int(length):,}" for length in lengths)], rows, numbers_from=2)


def _beside(cost: Cost) -> str:
    """How long each way takes beside ours, like with like."""
    lengths = cost["lengths"]
    rows = [
        [
            when,
            f"`{way}` ÷ `{ours}`",
            *(f"{_seconds_of(row, way, when) / _seconds_of(row, ours, when):.2f}" for row in lengths.values()),
        ]
        for when, ours, ways in COMPARED
        for way in ways
    ]
    return f"{BESIDE}\n\n" + markdown(
        ["", "times as long", *(f"{int(length):,}" for length in lengths)], rows, numbers_from=2
    )


def _seconds_of(row: Mapping[str, float], way: str, when: str) -> float:
    """To the first token, or to the last of a whole answer."""
    more = "full" if way.startswith("full") else "adamem"
    return row[f"{way}_seconds"] + (when == WHOLE) * (ANSWER - 1) * row[f"{more}_decode_seconds"]


def _growing(cost: Cost) -> str:
    """How much longer the longest text takes than the shortest; nothing where there is one length."""
    lengths = list(cost["lengths"].items())
    (first, short), (last, long) = lengths[0], lengths[-1]
    if len(lengths) == 1:
        return ""
    ways = ("full_cold", "full_reused", "adamem_cached", "encode")
    grown = ", ".join(f"`{way}` {long[f'{way}_seconds'] / short[f'{way}_seconds']:.1f}" for way in ways)
    return f"Times as long at {int(last):,} tokens as at {int(first):,}: {grown}."


def _ratios(cost: Cost) -> str:
    rows = []
    for name, (aim, more) in TARGETS.items():
        value = cost["ratios"].get(name)
        met = "not measured" if value is None else "**met**" if (value >= aim) == more or value == aim else "not met"
        found = "" if value is None else f"{value:.2f}"
        rows.append([f"`{name}`", MEANINGS[name], met, f"{'≥' if more else '≤'} {aim:g}", found])
    return markdown(["ratio", "", "verdict", "aim", "measured"], rows, numbers_from=3)


def _noise(cost: Cost) -> str:
    """What a way whose work does not depend on the text says of how well times are known."""
    times = [row["limit_seconds"] for row in cost["lengths"].values()]
    return (
        f"`limit` does the same work at every length and took {min(times):.3f} to {max(times):.3f} s: differences "
        f"below {100 * (max(times) / min(times) - 1):.0f} % say nothing, nor does a ratio that misses its aim by less."
    )


def _sizes(cost: Cost) -> str:
    lengths = cost["lengths"].values()
    rows = [
        ["encoding, tokens per second", *(f"{row['encode_tokens_per_second']:,.0f}" for row in lengths)],
        [
            "queries per second, a batch on a kept memory",
            *(f"{row['adamem_queries_per_second']:.1f}" for row in lengths),
        ],
        ["one more token, AdaMem (ms)", *(f"{1000 * row['adamem_decode_seconds']:.0f}" for row in lengths)],
        ["one more token, full text (ms)", *(f"{1000 * row['full_decode_seconds']:.0f}" for row in lengths)],
        ["coarse memory (MB)", *(f"{row['memory_bytes'] / 1e6:.1f}" for row in lengths)],
        ["keys and values of the full text (MB)", *(f"{row['full_kv_bytes'] / 1e6:.1f}" for row in lengths)],
        ["keys and values of the memory tokens (MB)", *(f"{row['adamem_kv_bytes'] / 1e6:.1f}" for row in lengths)],
        [
            "queries until encoding has paid for itself, against the full text read for every query",
            *(_paid(row["queries_until_paid"]) for row in lengths),
        ],
        [
            "queries from which the full text with keys and values kept has taken less time than AdaMem",
            *(overtaken(row) for row in lengths),
        ],
    ]
    return markdown(["", *(f"{int(length):,}" for length in cost["lengths"])], rows)


def _paid(queries: float | None) -> str:
    return "never" if queries is None else f"{queries:.2f}"


def overtaken(row: Mapping[str, float]) -> str:
    """Where a slower first query has been made good by quicker later ones."""
    behind = row["full_cold_seconds"] - row["adamem_cold_seconds"]
    gained = row["adamem_cached_seconds"] - row["full_reused_seconds"]
    if behind < 0:
        return "1" if gained >= 0 else f"1 to {ceil(behind / gained):,}"
    return "never" if gained <= 0 else f"{2 + floor(behind / gained):,}"


def _peaks(cost: Cost) -> str:
    peaks = {name.removesuffix("_peak_bytes"): f"{peak / 1e9:.2f} GB" for name, peak in cost["peaks"].items()}
    found = ", ".join(f"`{way}` {peak}" for way, peak in peaks.items())
    return f"Peak memory of a fresh process that answers one question on the longest text: {found}."
