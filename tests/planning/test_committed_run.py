"""The plan against the run that is in git: its trainings did the planned work at about one speed."""

from __future__ import annotations

import json
from statistics import median

from adamem import config
from adamem.planning import planned, weights
from adamem.planning import work as works
from adamem.planning.planned import Planned
from adamem.planning.shape import LlmShape
from tests import tiny

SMOLLM = LlmShape("SmolLM2-135M", 134_515_008, 576, 49_152, 30, 3_538_944, 0, 1152, 9, 576, 192, 1536, 3)
PARAMS = config.load(tiny.ROOT / "params.yaml")
FIRST = 80  # steps, less than a pass of the selector


def test_the_committed_compressor_has_the_planned_weights() -> None:
    """The number on the results page."""
    letters = works.letters(SMOLLM, PARAMS, works.works(PARAMS)[0])
    quality = (tiny.ROOT / "reports/README.md").read_text(encoding="utf-8")
    assert f"{sum(part.count for part in weights.count(PARAMS, letters)):,}" in quality


def test_planned_operations_over_measured_seconds_are_one_speed() -> None:
    """A part that is forgotten or counted twice would show as one training that runs much faster or slower."""
    plans = planned.all_of(PARAMS, SMOLLM, works.QUESTION)
    speeds = {plan.work.name: _speed(plan) for plan in plans}
    assert len(speeds) == 4
    assert max(speeds.values()) < 2 * min(speeds.values()), speeds


def _speed(plan: Planned) -> float:
    """Operations a second, from the tokens a second of the training's steps: of the first, since the features of a
    context are kept and later passes of the selector do not compute them again."""
    stage = plan.work.name.split(".")[0]
    report = json.loads((tiny.ROOT / f"reports/training/{stage}.json").read_text(encoding="utf-8"))
    steps = [step for step in report["steps"] if "tokens_per_second" in step]
    own = [step for step in steps if ("answer_nll" in step) == plan.work.reads]
    return plan.example() / plan.work.tokens * median(step["tokens_per_second"] for step in own[:FIRST])
