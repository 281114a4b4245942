"""The metrics of LongBench's evaluation (Bai et al., 2024, github.com/THUDM/LongBench), each of one prediction and
one answer, between 0 and 1; written out where no package computes the same.

They are kept with their quirks, so that scores compare with published ones: F1 is 0 where both texts are empty,
classification skips a name after each one it strikes out, and ROUGE-L is that of the package `rouge` 1.0 (sentences
end at every full stop, the union of the common subsequences is of word types, F with 1e-8 below the line), which the
tests hold it to. One quirk is left out: `rouge` recurses, and LongBench gives 0 where Python's recursion limit ends
it (sentences of some hundred words); here such a pair has its score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from adamem.evaluation.metrics import normal

_NUMBER = re.compile(r"\d+")
_PARAGRAPH = re.compile(r"Paragraph (\d+)")
_COMMENT = ("`", "#", "//")


def first_line(prediction: str) -> str:
    """The first line that is not empty: what counts of an answer in the few-shot sets, where models write on."""
    return prediction.lstrip("\n").split("\n")[0]


def qa_f1(prediction: str, reference: str) -> float:
    """F1 over SQuAD-normalised words; 0 where they have none in common, also where both are empty."""
    ours, theirs = normal(prediction).split(), normal(reference).split()
    same = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * same / (len(ours) + len(theirs)) if same else 0.0


def count(prediction: str, reference: str) -> float:
    """Share of the numbers in the prediction that are the right one."""
    numbers = _NUMBER.findall(prediction)
    return numbers.count(reference) / len(numbers) if numbers else 0.0


def retrieval(prediction: str, reference: str) -> float:
    """The same for the number in "Paragraph 7".

    Raises:
        ValueError: the reference names no paragraph.
    """
    named = _PARAGRAPH.search(reference)
    if named is None:
        raise ValueError(f"the reference {reference!r:.60} is not of the form 'Paragraph 1'")
    return count(prediction, named[1])


def code_similarity(prediction: str, reference: str) -> float:
    """Indel similarity of the first line without a mark of comment or quotation, in whole hundredths.

    LongBench calls `fuzzywuzzy.fuzz.ratio`, which is rapidfuzz's ratio, rounded, where python-Levenshtein is
    installed, as fuzzywuzzy asks; without, difflib's.
    """
    from rapidfuzz import fuzz

    lines = prediction.lstrip("\n").split("\n")
    line = next((line for line in lines if not any(mark in line for mark in _COMMENT)), "")
    return round(fuzz.ratio(line, reference)) / 100


def classification(prediction: str, reference: str, classes: Sequence[str]) -> float:
    """1 / the number of class names found, where the right one is among them; names inside the right one do not count.

    Striking a name out lets the next one pass unchecked, as in the original loop over a list that it shortens.
    """
    found = [name for name in classes if name in prediction]
    at = 0
    while at < len(found):
        if found[at] in reference and found[at] != reference:
            found.remove(found[at])
        at += 1
    return 1 / len(found) if reference in found else 0.0


def rouge_l(prediction: str, reference: str) -> float:
    """Summary-level ROUGE-L F as the package `rouge` has it; 0 where a text has no sentence."""
    ours, theirs = _sentences(prediction), _sentences(reference)
    if not ours or not theirs:
        return 0.0
    common = {word for said in theirs for written in ours for word in _subsequence(said, written)}
    precision = len(common) / len({word for words in ours for word in words})
    recall = len(common) / len({word for words in theirs for word in words})
    return 2 * precision * recall / (precision + recall + 1e-8)


def _sentences(text: str) -> list[list[str]]:
    """Words of what stands between full stops; blanks between two make a sentence of one empty word."""
    return [" ".join(part.split()).split(" ") for part in text.split(".") if part]


def _subsequence(first: list[str], second: list[str]) -> list[str]:
    """A longest common subsequence; of several, the one that gives up words of `second` first, from the end."""
    table = [[0] * (len(second) + 1)]
    for word in first:
        above, row = table[-1], [0]
        for column, other in enumerate(second):
            row.append(above[column] + 1 if word == other else max(above[column + 1], row[-1]))
        table.append(row)
    found, i, j = [], len(first), len(second)
    while i and j:
        if first[i - 1] == second[j - 1]:
            found.append(first[i - 1])
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found
