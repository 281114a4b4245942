"""The teacher of phase 1: the same LLM with the whole context in view.

What it says does not depend on the compressor, so it can be asked once and kept: the top-k log-probabilities at
every continuation position. About 6 bytes per entry, against 100 kB per position for the full vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from adamem import config
from adamem.data.examples import TeacherTargets
from adamem.data.windows import Window
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.tensor_files import load_tensors

BATCH = 8
AGAIN = "run `dvc repro teacher`"


@torch.no_grad()
def ask(host: HostLLM, windows: Sequence[Window], top_k: int) -> TeacherTargets:
    """Top-k log-probabilities at the continuations, rows joined; contexts may be of different lengths."""
    batch = TokenBatch.pad([window.context + window.prefix + window.continuation for window in windows], host.device)
    length = len(windows[0].continuation)
    places = batch.mask.sum(1, keepdim=True) - 1 - length + torch.arange(length, device=host.device)
    hidden = host.read(host.embed(batch.ids)).gather(1, places[..., None].expand(-1, -1, host.width))
    best = host.logits(hidden.flatten(0, 1)).log_softmax(-1).topk(top_k, dim=-1)
    return TeacherTargets(best.indices, best.values)


def kept(host: HostLLM, windows: Sequence[Window], settings: config.Teacher) -> dict[str, Tensor]:
    """The teacher's answers to all windows: ids and log-probabilities, each [windows, positions, k].

    Nothing is asked of a teacher that answers on the fly: none of what it says would be read.
    """
    if settings.kind == "on_the_fly":
        return {}
    top_k = settings.top_k
    parts = [ask(host, windows[start : start + BATCH], top_k) for start in tqdm(range(0, len(windows), BATCH))]
    shape = (len(windows), -1, top_k)
    return {
        "ids": torch.cat([part.ids for part in parts]).reshape(shape).int(),
        "logprobs": torch.cat([part.logprobs for part in parts]).reshape(shape).half(),
    }


def mass(kept: dict[str, Tensor]) -> dict[str, float]:
    """The share of the probability that the kept tokens have, on average; nothing where none are kept."""
    return {"mass_kept": float(kept["logprobs"].float().exp().sum(-1).mean())} if kept else {}


class Cached:
    """Kept answers, by window number.

    Raises:
        ValueError: they are missing or not whole, or were not kept since the teacher answered on the fly.
    """

    def __init__(self, path: Path) -> None:
        tensors = load_tensors(path, AGAIN)
        if not tensors:
            raise ValueError(f"{path}: holds no answers, as phase1.teacher.kind was on_the_fly then; {AGAIN}")
        self.ids, self.logprobs = tensors["ids"], tensors["logprobs"]

    def __call__(self, numbers: Sequence[int]) -> TeacherTargets:
        chosen = list(numbers)
        return TeacherTargets(self.ids[chosen].flatten(0, 1).long(), self.logprobs[chosen].flatten(0, 1).float())
