"""How much of a list an answer gives: F1 over words gives credit for a part, and does not say whether it fuses.

STR-EM and STR-HIT are those of ASQA (Stelmakh et al. 2022): the share of the names that stand in the answer as text,
after SQuAD's normalisation, and whether all of them do. A name within a longer word counts, and words too many cost
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from adamem.evaluation.metrics import normal, token_f1

BETWEEN = ", "  # the names of a reference


def str_em(answer: str, references: Sequence[str]) -> float:
    """Between 0 and 1, best over references."""
    said = normal(answer)
    return max(fmean(normal(name) in said for name in reference.split(BETWEEN)) for reference in references)


def str_hit(answer: str, references: Sequence[str]) -> float:
    """1 where no name of a reference is missing."""
    return float(str_em(answer, references) == 1)


def f1_of_one(references: Sequence[str]) -> float:
    """The mean F1 of answers that give one name of the list and nothing else: what is had without any fusion."""
    names = references[0].split(BETWEEN)
    return fmean(max(token_f1(name, reference) for reference in references) for name in names)
