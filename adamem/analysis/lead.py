"""What the lead over retrieval is made of: tuned retrieval and AdaMem, and its selector without its memory between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adamem.analysis.ablations import LEAD, LONGER
from adamem.analysis.kept import Kept
from adamem.analysis.methods import OURS, PICKS, RETRIEVAL, SENTENCES, WRITTEN
from adamem.analysis.quality import Bootstrap, Comparison, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import gaps, markdown, sides

OTHERS = (RETRIEVAL, SENTENCES, PICKS)
STEPS = (  # from b to a
    ("a ranker trained on such questions", SENTENCES, RETRIEVAL, "sentences by AdaMem's selector, not by MiniLM"),
    ("memory, not sentences", OURS, SENTENCES, "memory tokens, not the sentences that their selector ranks first"),
    ("in all", OURS, RETRIEVAL, "the two above together"),
    ("vectors for the question", WRITTEN, RETRIEVAL, "vectors written for the question, not the same for all"),
    ("memory, not such text", OURS, WRITTEN, "memory tokens, not MiniLM's sentences before such vectors"),
    ("memory, not the picks", OURS, PICKS, "memory tokens, not the text of the windows that they pick"),
)
HEAD = f"""\
`{SENTENCES}` and `{PICKS}` read what AdaMem's trained selector finds as text, followed by soft
vectors, tuned like those of `{RETRIEVAL}` and for as many steps. `{PICKS}` sets a line break between
picks from different places, and has these positions on top. `{WRITTEN}` is `{RETRIEVAL}` with vectors
written for the question: those that an AdaMem fuses whose text is the question, trained for this. Memory tokens are
more than their picks: marks, strengths, vectors that are fused for the question from more windows than those picked,
and the weights that were trained to write all this, where text has its soft vectors alone. What they gain
may come from any of these ([what the compressor loses without each](#what-does-each-part-of-the-compressor-add)).
Nothing here says what memory tokens would make of sentences that MiniLM ranks. 95 % intervals over items.

The committed run, one training of each arm:"""
AGAIN = """\
The same after a longer training, with seed {seed} ([its settings](../ablations/README.md#all-experiments)): both arms
with the selector of that very training{beside}:"""
BESIDE = ", {names} from longer trainings with the same settings and seed"


def longer_ones(answers: Kept, trained: Mapping[int, Results]) -> dict[int, Results]:
    """The answers after longer trainings, by the seed: AdaMem and the arms that read what its selector finds, beside
    those of retrieval by MiniLM among the longer trainings, `trained` by number, if one has these settings and seed.

    Raises:
        ValueError: answers are missing or malformed, or two experiments have one seed; the message names the place.
    """
    asked = answers.about(LEAD)
    settings = {row.settings for row in asked.rows}
    alike = {row.seed + 1 for row in answers.about(LONGER).rows if row.settings in settings}
    found = {}
    for number, one in asked.trainings().items():
        beside = trained[number].by_key if number in alike & set(trained) else {}
        lent = {key: result for key, result in beside.items() if key[0] in (RETRIEVAL, WRITTEN)}
        found[number - 1] = replace(one, by_key=lent | dict(one.by_key))
    return found


def section(results: Results, bootstrap: Bootstrap, again: Mapping[int, Results]) -> str:
    """The differences with their intervals, and on which groups the memory gains: of the committed run, and after
    longer trainings, by the seed. Nothing where an arm was not run."""
    if not {OURS, *OTHERS} <= set(results.methods):
        return ""
    parts = [HEAD, _table(results, bootstrap)]
    for seed, one in again.items():
        lent = " and ".join(f"`{name}`" for name in (RETRIEVAL, WRITTEN) if name in one.methods)
        beside = BESIDE.format(names=lent) if lent else ""
        parts += [AGAIN.format(seed=seed, beside=beside), _table(one, bootstrap)]
    return "\n\n".join(parts)


def _table(results: Results, bootstrap: Bootstrap) -> str:
    """The steps from one arm to the next that were both run, and what they say."""
    steps = [step for step in STEPS if {*step[1:3]} <= set(results.methods)]
    found = [[compare(results, bootstrap, a, b, group) for group in results.groups] for _, a, b, _ in steps]
    rows = [[name, what, f"`{a}` - `{b}`", *gaps(row)] for (name, a, b, what), row in zip(steps, found, strict=True)]
    table = markdown(["gained by", "what changes", "difference", *results.groups], rows, numbers_from=3)
    against = [(b, row) for (_, a, b, _), row in zip(steps, found, strict=True) if a == OURS and b != RETRIEVAL]
    return table + "\n\n" + " ".join(_said(f"`{other}`", row) for other, row in against)


def _said(other: str, row: Sequence[Comparison | None]) -> str:
    found = sides({one.group: one for one in row if one is not None})
    named = zip(("gains", "loses", "is not told from it"), found, strict=True)
    said = [f"{how} on {', '.join(groups)}" for how, groups in named if groups]
    return f"Against {other} the memory {', '.join(said)}."
