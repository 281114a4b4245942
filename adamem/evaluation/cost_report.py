"""From measured seconds and bytes to `reports/efficiency.json`: rates, and ratios that hold on other machines, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ratios(by_length: Mapping[int, Mapping[str, float]], training: Mapping[str, float]) -> dict[str, float | None]:
    """The comparisons that carry over to other machines; None where something they speak of was not measured."""

    def over(above: tuple[str, int], below: tuple[str, int]) -> float | None:
        if above[1] not in by_length or below[1] not in by_length:
            return None
        return by_length[above[1]][above[0]] / by_length[below[1]][below[0]]

    cached, limit = "adamem_cached_seconds", "limit_seconds"
    return {
        "ttft_cached_over_limit": max(row[cached] / row[limit] for row in by_length.values()),
        "ttft_cached_8192_over_512": over((cached, 8192), (cached, 512)),
        "ttft_full_over_cached_4096": over(("full_cold_seconds", 4096), (cached, 4096)),
        "prefill_over_encode_4096": over(("full_cold_seconds", 4096), ("encode_seconds", 4096)),
        "encode_8192_over_4096": over(("encode_seconds", 8192), ("encode_seconds", 4096)),
        "kv_bytes_over_memory_bytes": min(row["full_kv_bytes"] / row["memory_bytes"] for row in by_length.values()),
        "trainer_over_plain": training["plain_trainer_step_seconds"] / training["trainer_step_seconds"]
        if training
        else None,
    }


def queries_until_paid(row: Mapping[str, float]) -> float | None:
    """Queries on one text after which encoding it once has cost less time than reading it in full each time; None if
    never."""
    saved = row["full_cold_seconds"] - row["adamem_cached_seconds"]
    return row["encode_seconds"] / saved if saved > 0 else None


def report(
    by_length: Mapping[int, Mapping[str, float]],
    peak: Mapping[str, float],
    batch: int,
    training: Mapping[str, float],
) -> dict[str, Any]:
    """The content of `reports/efficiency.json`; `training` is empty where no step was timed."""
    lengths = {
        str(length): {
            **row,
            "encode_tokens_per_second": length / row["encode_seconds"],
            "memory_bytes_per_token": row["memory_bytes"] / length,
            "adamem_queries_per_second": batch / row["adamem_batch_seconds"],
            "queries_until_paid": queries_until_paid(row),
        }
        for length, row in by_length.items()
    }
    found = ratios(by_length, training)
    return {"ratios": found, "lengths": lengths, "peaks": dict(peak), "training": dict(training)}
