"""The plain way computes the very step that is timed beside it: the same logits, the same weights trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adamem import config
from adamem.evaluation import training_cost
from adamem.evaluation.training_cost import PlainReader
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.training.objectives import Objective
from adamem.training.scratch import Scratch
from tests import tiny
from tests.training.small import SETTINGS, Training


@pytest.fixture
def objective(llm: HostLLM, tmp_path: Path) -> Objective:
    torch.manual_seed(0)
    model = AdaMem(tiny.settings().model, llm)
    model.set_statistics(tiny.STATISTICS)
    return Training(model, SETTINGS, Scratch(tmp_path)).objective()


def test_the_plain_step_reads_what_ours_reads(objective: Objective) -> None:
    method, batch = objective.method.eval(), tiny.batch(objective.method.host)
    plain = PlainReader(method, method.host.model)
    memory = method.compress(batch.context, batch.query)
    ours, theirs = method.read(memory, batch.prompt), plain.read(memory, batch.prompt)
    assert torch.allclose(theirs.logits, ours.logits, atol=1e-4)
    assert theirs.labels.tolist() == ours.labels.tolist()
    assert plain.trainable_parameters() == method.trainable_parameters()


@pytest.mark.parametrize("way", ["ours", "stock"])
def test_every_step_is_timed_and_trains_the_method(objective: Objective, way: str) -> None:
    method = objective.method
    before = {name: weight.clone() for name, weight in method.state_dict().items()}
    if way == "ours":
        seconds = list(training_cost._ours(objective, SETTINGS, 3, config.Devices()))
    else:
        plain = replace(objective, method=PlainReader(method, method.host.model))
        seconds = list(training_cost._stock(plain, SETTINGS, 3))
    assert len(seconds) == 3
    assert min(seconds) > 0
    moved = {name for name, weight in method.state_dict().items() if not torch.equal(weight, before[name])}
    assert {"projection.linear.weight", "resampler.extractor.query.weight"} <= moved
