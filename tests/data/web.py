"""Rows in FineWeb's schema, written on the spot, and settings to read them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from adamem.config import CorpusFineWeb

SETTINGS = CorpusFineWeb(
    kind="fineweb",
    path="fineweb",
    repo="-",
    revision="main",
    subset="sample-10BT",
    streaming=False,
    max_documents=10_000,
    min_language_score=0.0,
    min_characters=1,
    max_characters=100_000,
)


def settings(**changes: object) -> CorpusFineWeb:
    return CorpusFineWeb.model_validate(SETTINGS.model_dump() | changes)


def table(texts: Sequence[str | bytes | None], part: int, scores: Sequence[float | None] | None = None) -> pa.Table:
    """Rows as FineWeb has them; bytes may be no UTF-8, as in a damaged dump."""
    count = len(texts)
    encoded = [text.encode() if isinstance(text, str) else text for text in texts]
    return pa.table(
        {
            "text": pa.Array.from_buffers(pa.string(), count, pa.array(encoded, pa.binary()).buffers()),
            "id": pa.array([f"<urn:uuid:{part}-{row}>" for row in range(count)], pa.string()),
            "dump": pa.array(["CC-MAIN-2024-10"] * count, pa.string()),
            "url": pa.array(["https://example.org"] * count, pa.string()),
            "date": pa.array(["2024-02-20T00:00:00Z"] * count, pa.string()),
            "file_path": pa.array(["s3://x"] * count, pa.string()),
            "language": pa.array(["en"] * count, pa.string()),
            "language_score": pa.array(scores or [0.9] * count, pa.float64()),
            "token_count": pa.array([3] * count, pa.int64()),
        }
    )


def write(folder: Path, parts: Sequence[pa.Table], group: int = 5) -> Path:
    """Files `sample/10BT/000_00000.parquet`, …, as on the hub."""
    for number, part in enumerate(parts):
        path = folder / "sample" / "10BT" / f"{number:03d}_00000.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, path, row_group_size=group)
    return folder
