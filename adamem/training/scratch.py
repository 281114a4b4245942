"""Where an interrupted training waits to go on: a git-ignored folder outside DVC's reach.

DVC deletes a stage's outputs before it runs, and outputs that persist resume under changed settings without a
word. So snapshots stand in `.scratch/<stage>/<hash>`: the hash covers settings, inputs and code, and a changed
run finds nothing to resume from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from adamem import config
from adamem.data.checksum import sha256
from adamem.data.staged import whole
from adamem.models.host import resolve_dtype
from adamem.models.tensor_files import save_tensors

LARGE = 64 * 2**20  # bytes; of a larger shard of tokens the checksum is in a manifest


@dataclass(frozen=True)
class Snapshot:
    """Everything a training needs to go on: tensors by name, and numbers."""

    tensors: dict[str, Tensor]
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Scratch:
    """One training's waiting place."""

    folder: Path

    @classmethod
    def of(cls, stage: str, params: config.AdaMemConfig, inputs: Iterable[Path]) -> Scratch:
        """The place that belongs to this stage under these settings, inputs and this package's code, with the LLM in
        the type that `llm.dtype` stands for here; how many processes train, which `launcher` decides, does not
        matter."""
        digest = hashlib.sha256(params.model_dump_json(exclude={"launcher"}).encode())
        digest.update(str(resolve_dtype(params.llm.dtype)).encode())
        for path in [*sorted(inputs), Path(__file__).parents[1]]:
            _absorb(path, digest)
        root = Path(os.environ.get("DVC_ROOT", "."))
        return cls(root / ".scratch" / stage / digest.hexdigest()[:16])

    def save(self, snapshot: Snapshot) -> None:
        """Replace the snapshot in one step; a kill at any moment leaves the old or the new one."""
        with whole(self.folder / "snapshot.safetensors") as half:
            save_tensors(snapshot.tensors, half, {"numbers": json.dumps(snapshot.numbers)})

    def load(self) -> Snapshot | None:
        """The last snapshot, if there is one that is whole."""
        path = self.folder / "snapshot.safetensors"
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                numbers = json.loads((file.metadata() or {})["numbers"])
            return Snapshot(load_file(path), numbers)
        except (SafetensorError, KeyError, ValueError) as error:
            print(f"{path}: cannot be read ({error}), so that the training begins anew")
            return None

    def clear(self) -> None:
        """The training has ended: nothing is left to resume."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _absorb(path: Path, digest: Any) -> None:
    """Names, sizes and contents of the files below a path, but for the contents of large shards of tokens: weights that
    were trained again have the size they had before."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and "__pycache__" not in file.parts:
            size = file.stat().st_size
            known = size > LARGE and file.suffix == ".bin"
            digest.update(f"{file.name}:{size}:{'' if known else sha256(file)}".encode())
