"""The trained compressor with one of its learned parts put back to where its training began.

With `resampler.start: retrieval` every part is silent at its start, or plain retrieval (`models/silent`,
`models/extractor`), so that the compressor without one still works. The others were trained beside it and may have come
to rely on it: what is lost says what this compressor uses, not what one would reach that was trained without the part,
and losses of several parts overlap.
"""

from __future__ import annotations

import torch

from adamem.models.adamem import AdaMem

WHOLE = "whole"
PARTS = {  # by how the names of their weights begin; the longest beginning counts
    "chunk_encoder.": "chunk_encoder",
    "resampler.extractor.": "selection",
    "resampler.extractor.edges.": "edges",
    "resampler.extractor.strength.": "strength",
    "resampler.fuse.": "fusing",
    "resampler.fuse.shift.": "constants",
    "projection.": "projection",
    "interface.": "interface",
}


def part_of(weight: str) -> str:
    """The part that a weight of an AdaMem belongs to, by its name. Raises ValueError if there is none."""
    begins = [begin for begin in PARTS if weight.startswith(begin)]
    if not begins:
        raise ValueError(f"{weight}: a weight of no part that is known; give its module a line in PARTS")
    return PARTS[max(begins, key=len)]


def parts(model: AdaMem) -> list[str]:
    """Those that have weights, in the order in which a text passes them."""
    found = {part_of(name) for name, _ in model.named_parameters()}
    return [part for part in PARTS.values() if part in found]


def without(trained: AdaMem, part: str, seed: int) -> AdaMem:
    """Another AdaMem with the weights of a trained one, but for a part: its weights are those that training with this
    seed began from.

    Raises:
        ValueError: the model has no such part.
    """
    back = {name for name, _ in trained.named_parameters() if part_of(name) == part}
    if not back:
        raise ValueError(f"no part {part!r} has weights; there are: {', '.join(parts(trained))}")
    torch.manual_seed(seed)
    model = AdaMem(trained.settings, trained.host)
    start = model.state_dict()
    model.load_state_dict(trained.state_dict() | {name: start[name] for name in back})
    return model
