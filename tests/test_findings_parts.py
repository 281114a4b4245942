"""What the pages say that the compressor loses without the training of a part is what the evidence has."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path

import pytest
from safetensors import safe_open

from adamem.analysis import parts
from adamem.evaluation.parts import part_of
from tests.committed import EVIDENCE, ROOT, as_committed, read, rows_of

pytestmark = as_committed
STATISTICS = ("chunk_encoder.information", ".mean", ".deviation", ".rms")  # of the corpus, not trained
SAID = (
    ("README.md", "another item's text they cost {} F1 on A and {} coverage on C, and {} and {} after", "other"),
    ("docs/design.md", "they cost {0} F1 on A with the committed steps and {2} with three times as many", "other"),
    ("docs/design.md", "taken back they lose {} F1 on A and {} coverage on C, and {} and {};", "fusing"),
    ("docs/design.md", "the committed one loses {} and {}. ", "constants"),
    ("docs/findings.md", "{} F1 on A and {} coverage on C in the committed compressor, {} and {} in one", "other"),
    ("docs/findings.md", "| selection | {} | {} | {} | {} |", "selection"),
    ("docs/findings.md", "| constants | {} | {} | {} | {} |", "constants"),
    ("docs/findings.md", "| path | {} | {} | {} | {} |", "fusing"),
    ("docs/findings.md", "{} by the marks at the ends of stretches", "edges"),
    ("docs/findings.md", "{} by the path that writes the fused vectors", "fusing"),
    ("docs/findings.md", "After longer training that path is worth {2} on A", "fusing"),
    ("docs/findings.md", "is not told to lose anything, the one trained longer {2} on A", "chunk_encoder"),
)  # on A and C: of the committed compressor, of the one trained longer


def section() -> tuple[str, str]:
    """On the committed compressor, and on the one trained longer."""
    committed, longer = read(EVIDENCE, f"## {parts.TITLE}").split("\n## ")[0].split("The same of `longer_parts`")
    return committed, longer


def loss(part: str, group: str, told: str) -> str:
    """What is lost without the training of a part, as the pages have it: without the sign of the table."""
    [row] = re.findall(rf"^\| (?:without|with) `{part}` \| [^|]+ \| (.+) \|$", told, re.MULTILINE)
    return dict(zip("ABCD", row.split(" | "), strict=True))[group].replace("+", "").replace("-", "−")


@pytest.mark.parametrize(("place", "sentence", "part"), SAID)
def test_what_is_lost_without_a_part_stands_on_the_page(place: str, sentence: str, part: str) -> None:
    name = parts.OTHER if part == "other" else part
    assert sentence.format(*(loss(name, group, told) for told in section() for group in "AC")) in read(place)


def test_what_the_longer_one_has_without_its_path_is_what_the_committed_one_has() -> None:
    folders = (ROOT / "reports/ablations/parts/longer_parts", ROOT / "reports/evidence/parts")
    (whole, without), (_, committed) = ([_level(folder / name) for name in ("whole", "fusing")] for folder in folders)
    assert "{} and {} become {} and {}, where the committed one has {} and {} without".format(
        *whole, *without, *committed
    ) in read("docs/findings.md")


def _level(folder: Path) -> list[str]:
    judged = (("A", "f1"), ("C", "coverage"))
    return [f"{json.loads((folder / f'{group}.json').read_text())['quality'][metric]:.2f}" for group, metric in judged]


def test_what_a_training_with_constants_alone_has_is_in_the_ablations() -> None:
    both = [
        [float(row["value"]) for row in rows_of("ablations/ablations.csv", experiment=name, method="adamem")]
        for name in ("soft_prompt", "float32")
    ]
    alone, whole = ([f"{value:.2f}" for value in values] for values in both)
    page = read("docs/findings.md")
    assert "a compressor has {} on A, {} on B, {} on C and {} on D.".format(*alone) in page
    assert "With the path it has {}, {}, {} and {} in float32".format(*whole) in page
    gaps = sorted(with_it - without for without, with_it in zip(*both, strict=True))
    more = f"{gaps[0]:.2f} to {gaps[-1]:.2f}"
    assert f"so {more} more in every group" in page and f"has {more} less in every group" in read("docs/design.md")


def test_the_weights_that_bring_little_are_counted() -> None:
    counts: Counter[str] = Counter()
    with safe_open(ROOT / "models/phase2/weights.safetensors", "np") as stored:
        for name in stored.keys():  # noqa: SIM118 - a file, which cannot be iterated
            if not name.endswith(STATISTICS):
                counts[part_of(name)] += math.prod(stored.get_slice(name).get_shape())
    little, all_of_them = counts["chunk_encoder"] + counts["fusing"], counts.total()
    said = f"have {little / 1e6:.2f} of the {all_of_them / 1e6:.2f} million trained weights."
    assert said in read("docs/findings.md")


def test_what_is_called_lost_is_told_and_what_is_called_not_is_not() -> None:
    committed, longer = section()
    for told in section():
        assert "neither less nor more with `other_text`" in told
        for part, lost in (("fusing", "AC"), ("constants", "AC"), ("selection", "AC"), ("edges", "A")):
            [groups] = re.findall(rf"less on ([A-D, ]+) without `{part}`", told)
            assert set(lost) <= set(groups.split(", "))
    assert "neither less nor more without `chunk_encoder`" in committed
    assert re.search(r"less on A[A-D, ]* without `chunk_encoder`", longer)
