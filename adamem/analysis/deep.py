"""What learned vectors between the layers of the LLM bring: experiments about `DEEP` beside trainings without them from
the same seeds, and what is left of AdaMem's leads when all arms have them."""

from __future__ import annotations

from adamem.analysis import kept, margins
from adamem.analysis.ablations import DEEP
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.kept import Kept
from adamem.analysis.methods import OURS, in_order
from adamem.analysis.tables import gap, markdown

TITLE = "Do prompts in every layer help the LLM to read?"
WITHOUT, WITH = "input alone", "every layer"
HEAD = """\
As committed, learned vectors reach the LLM at its input alone. Here others are learned beside them, the same for every
text and question, and added to what each layer gets of them; no position more is taken (`interface: deep_prompt`, as
the deep prompts of [Qin and Eisner 2021](../../docs/design.md#sources)). {count} training seeds, on: {devices}. What
that adds to each arm's score, over the seeds that were trained with and without it, with 95 % intervals over trainings
and items (over items alone where there is one seed); exploratory, as all that is asked of these items:"""
LEADS = f"""\
What `{OURS}` scores above the others where all of them have such prompts:"""


def section(answers: Kept, committed: Evidence) -> str:
    """What each arm gains, group by group, AdaMem's leads then, and all scores; `committed` has the trainings without.

    Raises:
        ValueError: see `Kept.evidence`; or trainings were asked different items.
    """
    about = answers.about(DEEP)
    if not about.current:
        return about.out_of_date()
    found = about.evidence(committed.bootstrap)
    methods = in_order(found.results.methods)
    _, devices = about.made_with()
    gained = [_gains(committed, found, method) for method in methods]
    leads = margins.table(found, methods)
    parts = [
        HEAD.format(count=len(found.trainings), devices=devices),
        markdown(["arm", "seeds", *found.results.groups], [row for row in gained if row], numbers_from=1),
        f"{LEADS}\n\n{leads}" if leads else "",
        kept.table(kept.scores(methods, {WITHOUT: committed, WITH: found}), "prompts"),
    ]
    return "\n\n".join(part for part in parts if part)


def _gains(before: Evidence, after: Evidence, method: str) -> list[str]:
    """A line of the table; nothing where no seed was trained both ways."""
    found = [margins.gain(before, after, method, group) for group in after.results.groups]
    counts = [one[1] for one in found if one is not None]
    if not counts:
        return []
    cells = ["" if one is None else gap(one[0].difference, one[0].low, one[0].high) for one in found]
    return [f"`{method}`", str(max(counts)), *cells]
