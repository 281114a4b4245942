"""What an answer costs: the efficiency part of the page and its two plots, from `reports/efficiency.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from adamem.analysis.methods import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILLION
from adamem.analysis.plots import names_at_ends, plain, save
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
NOTHING_KEPT = ("full_cold", "rag_minilm_k", "rag_bm25_k")  # to be held against ours with encoding
REPEATED = {  # ways to answer many queries on one text, and how each answers the first
    "full_cold": "full_cold",
    "full_reused": "full_cold",
    "adamem_cached": "adamem_cold",
    "rag_bm25_k": "rag_bm25_k",
}
QUERIES = range(1, 21)
NAME_WIDTH = 31  # characters of a line of a name
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
        return {part: dict(tree[part]) for part in ("ratios", "lengths", "peaks", "training")}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no measured costs there ({error!r}); run stage `efficiency`") from error


def section(cost: Cost) -> str:
    """The part of the page, without its heading."""
    parts = [
        "Batch 1, medians of rounds in which all ways took turns, on the machine that ran the pipeline. Seconds to the "
        "first token of an answer, by length of the text:",
        _seconds(cost),
        _quicker(cost),
        "Dashed: something is kept between queries.\n\n![Time to first token against length](plots/cost_growth.png)",
        _growing(cost),
        "![Total time against the number of queries, on a short text and on the longest](plots/cost_amortised.png)",
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


def _quicker(cost: Cost) -> str:
    """How long each way takes beside ours, like with like, and at which lengths it answers sooner."""
    first = "; ".join(_against(cost, way, "adamem_cold") for way in NOTHING_KEPT)
    later = "; ".join(_against(cost, way, "adamem_cached") for way in ("full_reused", "full_cold"))
    return (
        f"The first query on a text, times as long as `adamem_cold`: {first}. A later one, times as long as "
        f"`adamem_cached`: {later}. Retrieval is timed without anything kept: with its index kept a later query would "
        "search, which was not timed, and then cost what `limit` does. What published compressors cost beside it: "
        "[the evidence](evidence/README.md#compressors-that-others-wrote)."
    )


def _against(cost: Cost, way: str, ours: str) -> str:
    ratios = {length: row[f"{way}_seconds"] / row[f"{ours}_seconds"] for length, row in cost["lengths"].items()}
    sooner = [f"{int(length):,}" for length, ratio in ratios.items() if ratio < 1]
    span = f"`{way}` {min(ratios.values()):.2f} to {max(ratios.values()):.2f}"
    return span + (f" (sooner at {', '.join(sooner)} tokens)" if sooner else "")


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
        return "1"
    return "never" if gained <= 0 else f"{2 + floor(behind / gained):,}"


def _peaks(cost: Cost) -> str:
    peaks = {name.removesuffix("_peak_bytes"): f"{peak / 1e9:.2f} GB" for name, peak in cost["peaks"].items()}
    found = ", ".join(f"`{way}` {peak}" for way, peak in peaks.items())
    return f"Peak memory of a fresh process that answers one question on the longest text: {found}."


def growth(cost: Cost, path: Path) -> None:
    """Time to first token against length, both logarithmic."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    panel = figure.subplots()
    lengths = [int(length) for length in cost["lengths"]]
    ends = []
    for way, name, colour, line in WAYS:
        values = [row[f"{way}_seconds"] for row in cost["lengths"].values()]
        panel.plot(lengths, values, line, color=colour, marker="o", markersize=3)
        ends.append((fill(name, NAME_WIDTH), values[-1], colour))
    panel.set(xscale="log", yscale="log", xlabel="context tokens", ylabel="seconds to the first token (median)")
    panel.set_xticks(lengths, [f"{length:,}" for length in lengths])
    panel.set_xlim(right=1.05 * lengths[-1])
    _seconds_axis(panel)
    names_at_ends(panel, ends, gap=0.075)
    save(figure, path)


def amortised(cost: Cost, path: Path) -> None:
    """Seconds spent on one text after so many queries, on a short one and on the longest."""
    known = {int(length): row for length, row in cost["lengths"].items()}
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    shown, repeated = short_and_long(list(known)), [way for way in WAYS if way[0] in REPEATED]
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for panel, length in zip(panels, shown, strict=True):
        for way, _, colour, line in repeated:
            panel.plot(QUERIES, spent(known[length], REPEATED[way], way), line, color=colour)
        panel.set(title=f"text of {length:,} tokens", xlabel="queries on it", xlim=(0.5, 20.5), yscale="log")
        panel.set_xticks([1, 5, 10, 15, 20])
        _seconds_axis(panel)
    panels[0].set_ylabel("seconds to all first tokens (medians)")
    last = known[shown[-1]]
    ends = [(fill(name, NAME_WIDTH), spent(last, REPEATED[way], way)[-1], colour) for way, name, colour, _ in repeated]
    names_at_ends(panels[-1], ends, gap=0.1)
    save(figure, path)


def short_and_long(lengths: Sequence[int]) -> list[int]:
    """The shortest length and the longest, once where they are the same."""
    return sorted({min(lengths), max(lengths)})


def spent(row: Mapping[str, float], first: str, later: str) -> list[float]:
    """Seconds after each of the queries, the first answered in one way and the others in another."""
    return [row[f"{first}_seconds"] + row[f"{later}_seconds"] * (count - 1) for count in QUERIES]


def _seconds_axis(panel: Axes) -> None:
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()
    plain(panel, "both")
