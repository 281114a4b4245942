"""Compressors that others wrote beside ours: what each knows when it compresses, what of its work lasts, its budget."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from adamem.analysis import margins
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.methods import OURS, in_order
from adamem.analysis.tables import markdown

HEAD = """\
The packages kvpress and llmlingua, on the first items of each group, in the same chat frame. None of them is trained
on the tasks, and the LLM knows the form of the answers from the frame's instruction alone: what it then makes of the
whole text is `full_context`. In the `_tuned` arms the soft vectors of `full_context_tuned` stand behind what the peer
keeps, which takes K positions more. They were tuned behind the whole text: tuned behind what a peer itself keeps they
may do better, as retrieval does (`rag_minilm_tuned`). SnapKV scores by what the last tokens read attend to, and its
paper has the question there: so has it here, as in the package's own evaluation where it compresses questions with
contexts. The question's own entries
stay, and have read the whole text."""

COSTS = """\
Seconds to the first token of an answer by length of the text, and in brackets how many times that of `adamem_cached`:
AdaMem with its coarse memory kept. `_reused` answers from the entries kept; all else reads the text for every question.
Medians of rounds in which all ways took turns: [peer_costs.json](peer_costs.json)."""

NONE = "None was run: `make evidence` asks them."


SECONDS = "_seconds"
OURS_KEPT = f"{OURS}_cached{SECONDS}"


@dataclass(frozen=True)
class Trait:
    """One line of the table, but for the scores."""

    sees_question: str
    reusable: str
    budget: str


SNAPKV = Trait("yes", "no: another question keeps other entries", "K KV entries per layer and head, and the question's")
EXPECTED = Trait("no", "yes: the entries that were kept", "K KV entries per layer and head")
LINGUA = "no: another question keeps other words"
BESIDE = " and K soft vectors"

TRAITS = {
    OURS: Trait("when resampling; not when encoding", "yes: the coarse memory", "K decoder positions"),
    "kvpress_snapkv": SNAPKV,
    "kvpress_snapkv_tuned": Trait(SNAPKV.sees_question, SNAPKV.reusable, SNAPKV.budget + BESIDE),
    "kvpress_expected_attention": EXPECTED,
    "kvpress_expected_attention_tuned": Trait(EXPECTED.sees_question, EXPECTED.reusable, EXPECTED.budget + BESIDE),
    "longllmlingua_k": Trait("yes", LINGUA, "K text tokens"),
    "longllmlingua_k_tuned": Trait("yes", LINGUA, "K text tokens" + BESIDE),
    "longllmlingua_128": Trait("yes", LINGUA, "128 text tokens"),
}


def cost_table(path: Path) -> str:
    """Seconds to the first token by length of the text, as stage `peer_costs` has measured them.

    Raises:
        ValueError: the file is missing or not what the stage writes.
    """
    try:
        lengths = json.loads(path.read_text(encoding="utf-8"))["steps"]
        ways = [key for key in lengths[0] if key.endswith(SECONDS)]
        rows = [
            [f"`{way.removesuffix(SECONDS)}`", *(f"{at[way]:.2f} ({at[way] / at[OURS_KEPT]:.1f})" for at in lengths)]
            for way in ways
        ]
        return markdown(["way", *(f"{at['step']:,}" for at in lengths)], rows)
    except (OSError, json.JSONDecodeError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: no measured costs there ({error!r}); run stage `peer_costs`") from error


def section(known: Evidence, costs: str) -> str:
    """The table of traits, what AdaMem scores above each peer, and the table of what an answer costs."""
    peers = in_order(set(known.results.methods) & (set(TRAITS) - {OURS}))
    if not peers:
        return NONE
    traits = [[f"`{name}`", *vars(TRAITS[name]).values()] for name in (OURS, *peers)]
    header = ["method", "sees the question when compressing", "reusable for the next question", "budget"]
    trainings = _trainings(peers, known)
    scores = (
        f"What `{OURS}` scores above each, on the items both answered, with 95 % intervals "
        + (f"over its {trainings} trainings and items" if trainings > 1 else "over items, of one training")
        + ". Each peer has one set of answers; vectors that are lent to it come from one training, which the intervals "
        "do not know."
    )
    parts = [HEAD, markdown(header, traits, numbers_from=4), scores, margins.table(known, peers, "peer"), COSTS, costs]
    return "\n\n".join(parts)


def _trainings(peers: list[str], known: Evidence) -> int:
    """The most trainings of ours that a peer is held against."""
    results = known.results
    asked = [(name, group) for name in peers for group in results.groups]
    return max(len(known.pairs(OURS, name, group, results.metric(group))) for name, group in asked)
