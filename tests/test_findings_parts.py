"""What the pages say that the compressor loses without the training of a part is what the evidence has."""

from __future__ import annotations

import math
import re
from collections import Counter

import pytest
from safetensors import safe_open

from adamem.analysis import parts
from adamem.evaluation.parts import part_of
from tests.committed import EVIDENCE, ROOT, as_committed, read, rows_of

pytestmark = as_committed
STATISTICS = ("chunk_encoder.information", ".mean", ".deviation", ".rms")  # of the corpus, not trained
SAID = (
    ("README.md", "the committed compressor loses {} F1 on A and {} coverage on C", ("fusing A", "fusing C")),
    ("docs/design.md", "its compressor loses {} F1 on A and {} coverage on C", ("fusing A", "fusing C")),
    ("docs/design.md", "with that of the constants {} and {} ([", ("constants A", "constants C")),
    ("docs/findings.md", "{} by the marks at the ends of stretches", ("edges A",)),
    ("docs/findings.md", "{} by the path that reads the memory for the written vectors", ("fusing A",)),
    ("docs/findings.md", "loses {} F1 on A by the selection, and {} by the constants", ("selection A", "constants A")),
    ("docs/findings.md", "these vectors read the memory it loses {} on A and {} on C:", ("fusing A", "fusing C")),
)


def section() -> str:
    return read(EVIDENCE, f"## {parts.TITLE}").split("\n## ")[0]


def loss(part: str, group: str) -> str:
    """What is lost without the training of a part, as the pages have it: without the sign of the table."""
    [row] = re.findall(rf"^\| (?:without|with) `{part}` \| [^|]+ \| (.+) \|$", section(), re.MULTILINE)
    return dict(zip("ABCD", row.split(" | "), strict=True))[group].replace("+", "")


@pytest.mark.parametrize(("place", "sentence", "lost"), SAID)
def test_what_is_lost_without_a_part_stands_on_the_page(place: str, sentence: str, lost: tuple[str, ...]) -> None:
    assert sentence.format(*(loss(*one.split()) for one in lost)) in read(place)


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


def test_what_is_called_lost_is_told() -> None:
    told = {part: groups for groups, part in re.findall(r"less on ([A-D, ]+) with(?:out)? `(\w+)`", section())}
    for _, _, lost in SAID:
        assert all(group in told[part] for part, group in (one.split() for one in lost))
    assert "neither less nor more without `chunk_encoder`" in section()
