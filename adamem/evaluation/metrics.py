"""How good an answer is, between 0 and 1; nothing here reads a file or a model.

- Exact match and F1 as SQuAD defines them (lower case, no ASCII punctuation, no English articles, white
  space folded; best over references). They equal `torchmetrics.functional.text.squad` / 100 item by item,
  which the tests assert on generated strings; written out so that scoring needs no tensor library.
- ROUGE-1/2/L F of the `rouge-score` package with Porter stemming, best over references, each on its own.
- Facts: SQuAD's normalisation would make 12.5 and 125 the same word, so facts are compared by words in which
  a decimal point stays and a thousands comma goes.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from rouge_score.rouge_scorer import RougeScorer

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class Fact(Protocol):
    """What `coverage` needs to know of a fact: true and false values, each in any of several spellings."""

    @property
    def accepted(self) -> Sequence[str]: ...

    @property
    def contradicted(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Scores:
    """The scores of one answer; `coverage` and `contradictions` are None where the item lists no facts."""

    em: float
    f1: float
    rouge_1: float
    rouge_2: float
    rouge_l: float
    coverage: float | None
    contradictions: float | None


def score(prediction: str, item_references: Sequence[str], facts: Sequence[Fact] = ()) -> Scores:
    """Every score of one answer.

    Raises:
        ValueError: there is no reference to compare with.
    """
    if not item_references:
        raise ValueError(f"no reference answer for the prediction {prediction!r:.60}; an item needs at least one")
    rouge = [_rouge().score(reference, prediction) for reference in item_references]
    return Scores(
        em=_best(exact_match, prediction, item_references),
        f1=_best(token_f1, prediction, item_references),
        rouge_1=max(found["rouge1"].fmeasure for found in rouge),
        rouge_2=max(found["rouge2"].fmeasure for found in rouge),
        rouge_l=max(found["rougeL"].fmeasure for found in rouge),
        coverage=_share([_states(prediction, f.accepted, f.contradicted) for f in facts]),
        contradictions=_share([_states(prediction, f.contradicted, f.accepted) for f in facts]),
    )


def exact_match(prediction: str, reference: str) -> float:
    """1 where both are the same after SQuAD's normalisation."""
    return float(normal(prediction) == normal(reference))


def token_f1(prediction: str, reference: str) -> float:
    """Harmonic mean of precision and recall over the words of both, order aside."""
    ours, theirs = normal(prediction).split(), normal(reference).split()
    if not ours or not theirs:
        return float(ours == theirs)
    same = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * same / (len(ours) + len(theirs))


def normal(text: str) -> str:
    """SQuAD's normalisation."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _best(metric: Callable[[str, str], float], prediction: str, references: Sequence[str]) -> float:
    return max(metric(prediction, reference) for reference in references)


@cache
def _rouge() -> RougeScorer:
    return RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _states(prediction: str, values: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the text gives one of `values`, other than inside a longer one of `others` ("York" in "New York")."""
    text = _words(prediction)
    longer = [span for other in others for span in _mentions(text, _words(other))]
    found = [span for value in values for span in _mentions(text, _words(value))]
    return any(not any(_inside(span, cover) for cover in longer) for span in found)


def _words(text: str) -> list[str]:
    return _WORD.findall(_THOUSANDS.sub("", text.lower()))


def _mentions(text: list[str], value: list[str]) -> list[tuple[int, int]]:
    size = len(value)
    return [(at, at + size) for at in range(len(text) - size + 1) if size and text[at : at + size] == value]


def _inside(span: tuple[int, int], cover: tuple[int, int]) -> bool:
    return cover[0] <= span[0] and span[1] <= cover[1] and cover != span
