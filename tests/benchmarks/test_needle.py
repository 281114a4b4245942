"""The needle test asks for one fact, at the length and the depth it says."""

import pytest

from adamem.benchmarks.pool import Pool
from adamem.config import Needle
from adamem.evaluation import needle

SETTINGS = Needle(lengths=(256, 512), depths=3, items=2, methods=("adamem",))


def test_every_cell_has_its_length_and_its_depth(world, count):
    cells = list(needle.cells(Pool(world, "test"), count, SETTINGS, seed=0))
    assert [(cell.length, cell.depth) for cell in cells] == [(n, d) for n in (256, 512) for d in (0.0, 0.5, 1.0)]
    for cell in cells:
        assert len(cell.items) == 2
        for item in cell.items:
            assert cell.length - needle.SLACK <= count(item.context) <= cell.length
            [gold] = item.gold
            assert item.target in item.document(gold)
            assert gold == round(cell.depth * (len(item.documents) - 1))
    assert cells == list(needle.cells(Pool(world, "test"), count, SETTINGS, seed=0))


def test_a_length_beyond_the_speeches_is_refused(world, count):
    settings = SETTINGS.model_copy(update={"lengths": (1_000_000,)})
    with pytest.raises(
        ValueError, match=r"needle\.lengths: no text of 1000000 tokens in 100 draws; choose shorter ones"
    ):
        list(needle.cells(Pool(world, "test"), count, settings, seed=0))
