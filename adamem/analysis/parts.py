"""What the compressor relies on: its answers, and those with the training of one of its learned parts taken back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap, Comparison, compare
from adamem.analysis.results import read
from adamem.analysis.tables import gaps, markdown, sides

TITLE = "What does each part of the compressor add?"
WHOLE = "whole"  # as the folder of its own answers is called
OTHER = "other_text"  # and that of the answers with fused vectors of another text
PARTS = {  # by the folder of the answers: the part whose training is taken back, or (`other_text`) what is exchanged
    "chunk_encoder": "what is added to features and embeddings to make keys and values",
    "selection": "relevance to the question; taken back, plain cosines of features",
    "edges": "marks at both ends of a stretch of picks",
    "strength": "marks for how much a pick is wanted",
    "fusing": "the path that reads the memory, as the question modulates it, for the fused vectors",
    OTHER: "fused vectors of another text: what they tell of their own is lost",
    "constants": "what is added to the fused vectors whatever the memory and the question are",
    "projection": "the map from picked and fused vectors to memory tokens",
    "interface": "how the LLM gets memory tokens: vectors between its layers, or keys and values",
}
HEAD = f"""\
The committed compressor, asked once more with the training of one part taken back: the part is as it was before the
first step, all others are as trained. They were trained beside it, so that what is lost says what this compressor
relies on, and not what one would score that was trained without the part. Losses overlap: they are no shares of what
training brings. What is trained at a higher pace, as marks and constants are, has come further from its start. For
`{OTHER}` nothing is taken back: picks are of the text that is asked about, and the fused vectors are written for the
same question from another item's. All rows but that are from one run on one machine, `{WHOLE}` among them. What it
scores above each, with 95 % interval over items, none of them corrected for how many they are:"""
AGAIN = """\
The same of `{name}`, a compressor with [other settings](../ablations/README.md#all-experiments), trained and asked
on: {device}. The tables are of one training each:"""


def section(folder: Path, tasks: Path, bootstrap: Bootstrap, others: Kept) -> str:
    """Scores of the whole, what it has above itself without each part, and on which groups that is told; then the same
    of other compressors, which experiments keep. Nothing where the stage `parts` was not run.

    Raises:
        ValueError: answers are malformed, or are of no part that is known, or the whole's are missing.
    """
    if not (folder / "parts").is_dir():
        return ""
    made = [place for place in (folder / "parts", folder / "fused") if place.is_dir()]
    blocks = [HEAD, *_told(made, tasks, bootstrap, "run stage `parts` again")]
    for name in others.names:
        device = next(row.device for row in others.rows if row.experiment == name)
        told = _told([others.folder / name], tasks, bootstrap, f"run `python -m adamem.ablate {name}`")
        blocks += [AGAIN.format(name=name, device=device), *told]
    if others.rows and not others.names:
        blocks.append(others.out_of_date())
    return "\n\n".join(blocks)


def _told(folders: Sequence[Path], tasks: Path, bootstrap: Bootstrap, again: str) -> list[str]:
    """A table, and its differences in words; `again` is what to do where it cannot be made."""
    folder, *more = folders
    results = read(folder, tasks, *more)
    if unknown := sorted({*results.methods} - {WHOLE, *PARTS}):
        raise ValueError(f"{folder / unknown[0]}: no part of the compressor has that name; {again}")
    if WHOLE not in results.methods:
        raise ValueError(f"{folder / WHOLE}: no answers of the whole compressor; {again}")
    asked = [name for name in PARTS if name in results.methods]
    found = {name: [compare(results, bootstrap, WHOLE, name, group) for group in results.groups] for name in asked}
    own = [f"{results.mean(WHOLE, group, results.metric(group)):.2f}" for group in results.groups]
    rows = [[f"`{WHOLE}`", "its own score", *own]]
    rows += [[_called(name), PARTS[name], *gaps(row)] for name, row in found.items()]
    table = markdown(["the compressor", "what that is", *results.groups], rows, numbers_from=2)
    return [table, _said(found)]


def _called(name: str) -> str:
    return f"with `{name}`" if name == OTHER else f"without `{name}`"


def _said(found: dict[str, list[Comparison | None]]) -> str:
    """The groups on which the compressor is told to score less without each part, or more, in words."""
    lines = []
    for name, row in found.items():
        gains, losses, _ = sides({one.group: one for one in row if one is not None})
        said = [f"{how} on {', '.join(groups)}" for how, groups in (("less", gains), ("more", losses)) if groups]
        lines.append(f"{' and '.join(said) or 'neither less nor more'} {_called(name)}")
    return f"By these intervals it scores {'; '.join(lines)}."
