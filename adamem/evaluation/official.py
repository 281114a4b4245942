"""The official score of an answer to an item of a public set, between 0 and 1.

Each set has the metric that its own evaluation reports, named in `adamem.benchmarks.public.registry`; of several
accepted answers the best counts. Where the official script is about a package, that package is called.

- SQuAD, MuSiQue: token F1 of the SQuAD 2.0 script (torchmetrics' as well). The 1.1 script differs in one case: it
  gives 0 instead of 1 where answer and reference are both nothing but articles and punctuation.
- HotpotQA, 2WikiMultihopQA: the same, but yes, no and noanswer match only themselves.
- NarrativeQA, QMSum, GovReport: ROUGE-L of `rouge-score`, with stemming (the papers used the Perl program).
- Qasper and LongBench: see `adamem.evaluation.longbench`. RULER: the words found, whatever the case.
- bAbI: exact match, after SQuAD's normalisation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from adamem.benchmarks.public import registry
from adamem.evaluation import longbench, metrics

_CONTROL = re.compile(r"[\x00-\x1f]")
_CLOSED = ("yes", "no", "noanswer")


class PublicItem(Protocol):
    """What scoring needs to know of an item."""

    @property
    def kind(self) -> str: ...
    @property
    def references(self) -> Sequence[str]: ...
    @property
    def facts(self) -> Sequence[metrics.Fact]: ...


Metric = Callable[[str, PublicItem], float]


def score(prediction: str, item: PublicItem) -> float | None:
    """The official score, or None for an item that is not of a public set."""
    public = registry.SETS.get(item.kind)
    return None if public is None else METRICS[public.metric](prediction, item)


def hotpot_f1(prediction: str, reference: str) -> float:
    """Token F1, in which yes and no are right or wrong and nothing between."""
    ours, theirs = metrics.normal(prediction), metrics.normal(reference)
    if ours != theirs and (ours in _CLOSED or theirs in _CLOSED):
        return 0.0
    return longbench.qa_f1(prediction, reference)


def string_match(prediction: str, references: Sequence[str]) -> list[bool]:
    """Which of the references stand in the prediction (RULER); its control characters count as line ends."""
    text = _CONTROL.sub("\n", prediction).strip().lower()
    return [reference.lower() in text for reference in references]


def _best(metric: Callable[[str, str], float], cleaned: Callable[[str], str] = str) -> Metric:
    def best(prediction: str, item: PublicItem) -> float:
        return max(metric(cleaned(prediction), reference) for reference in item.references)

    return best


def _classification(prediction: str, item: PublicItem) -> float:
    line = longbench.first_line(prediction)
    classes = [name for fact in item.facts for name in (*fact.accepted, *fact.contradicted)]
    return max(longbench.classification(line, reference, classes) for reference in item.references)


def _ruler_all(prediction: str, item: PublicItem) -> float:
    found = string_match(prediction, [fact.accepted[0] for fact in item.facts])
    return sum(found) / len(found)


def _ruler_part(prediction: str, item: PublicItem) -> float:
    return float(any(string_match(prediction, item.references)))


METRICS: dict[str, Metric] = {
    "exact_match": _best(metrics.exact_match),
    "squad_f1": _best(metrics.token_f1),
    "hotpot_f1": _best(hotpot_f1),
    "rouge_l": lambda prediction, item: metrics.score(prediction, item.references).rouge_l,
    "qa_f1": _best(longbench.qa_f1),
    "qa_f1_line": _best(longbench.qa_f1, longbench.first_line),
    "longbench_rouge": _best(longbench.rouge_l),
    "longbench_rouge_line": _best(longbench.rouge_l, longbench.first_line),
    "classification_line": _classification,
    "count": _best(longbench.count),
    "retrieval": _best(longbench.retrieval),
    "code_similarity": _best(longbench.code_similarity),
    "ruler_all": _ruler_all,
    "ruler_part": _ruler_part,
}
