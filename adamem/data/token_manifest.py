"""What lies in a folder of token shards, as its `manifest.json` says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Kept = Literal["train", "validation"]
KEPT: tuple[Kept, ...] = ("train", "validation")
FILE = "manifest.json"


@dataclass(frozen=True)
class Shard:
    """A pair of files: `name`.bin holds the ids, `name`.offsets.npy where each document starts (and the last ends)."""

    name: str
    documents: int
    tokens: int
    chunks: int
    sha256: str
    offsets_sha256: str


@dataclass(frozen=True)
class Manifest:
    """What lies in a token folder; `chunks` counts pieces of `chunk_size` tokens, the last of a document shorter.

    `rows` counts what became of the rows of the corpus, where it consists of rows.
    """

    dtype: str
    vocabulary: int
    chunk_size: int
    shards: dict[Kept, tuple[Shard, ...]]
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, float]:
        """Documents, tokens and chunks of each split, and the rows, named for a table of metrics."""
        parts = ("documents", "tokens", "chunks")
        rows = {f"rows_{fate}": float(count) for fate, count in self.rows.items()}
        return rows | {
            f"{split}_{part}": sum(getattr(shard, part) for shard in shards)
            for split, shards in self.shards.items()
            for part in parts
        }

    def write(self, folder: Path) -> None:
        """Put the manifest beside its shards."""
        tree = {name: value for name, value in asdict(self).items() if value or name != "rows"}
        (folder / FILE).write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """What stage `tokenize` says it wrote.

        Raises:
            ValueError: there is no manifest, or it is not one.
        """
        path = folder / FILE
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            shards: dict[Kept, tuple[Shard, ...]] = {
                split: tuple(Shard(**shard) for shard in tree["shards"][split]) for split in KEPT
            }
            return cls(tree["dtype"], tree["vocabulary"], tree["chunk_size"], shards, tree.get("rows", {}))
        except OSError as error:
            raise ValueError(f"{path}: cannot be read ({error.strerror}); run stage `tokenize` first") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a token manifest ({error!r}); run stage `tokenize` again") from error
