"""What an answer costs with compressors that others wrote, in turns with AdaMem's on the same texts and question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.bounds import PlainText
from adamem.baselines.catalogue import Bench
from adamem.evaluation import cost
from adamem.evaluation.cost import Act, Scene

PEERS = ("kvpress_snapkv", "kvpress_expected_attention", "longllmlingua_k")
REUSABLE = ("kvpress_expected_attention",)  # compresses without the question, so what it kept serves the next one too


def ways(scene: Scene) -> dict[str, Act]:
    """AdaMem with its memory kept, the full text, every peer, and the entries of those that can be kept."""
    model, coarse = scene.model, scene.coarse()
    peers = {name: catalogue.entry(name).load(scene.bench) for name in PEERS}
    kept = {name: peers[name].compress(scene.text, scene.question) for name in REUSABLE}
    return {
        "adamem_cached": lambda: scene.first_token(model, model.resample(coarse, scene.question)),
        "full_cold": partial(scene.cold, PlainText(scene.host, full=True)),
        **{name: partial(scene.cold, peer) for name, peer in peers.items()},
        **{f"{name}_reused": partial(scene.first_token, peers[name], memory) for name, memory in kept.items()},
    }


@torch.no_grad()
def measure(bench: Bench, tokens: Path, settings: config.Efficiency) -> Iterator[tuple[int, dict[str, float]]]:
    """For every length of `efficiency`: median seconds of every way to the first token of an answer.

    Raises:
        ValueError: a package of the extra `peers` is not installed, or the documents are too short for a length.
    """
    model = cost.adamem(bench)
    for length, text in cost.texts(tokens, settings.lengths, bench.host.device).items():
        found = cost.medians(ways(Scene(bench, model, text)), settings.repeats)
        yield length, {f"{name}_seconds": value for name, value in found.items()}
