"""The learning curves of trained stages, and the parts that they consist of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class Training:
    """The learning curves of one trained stage, as `tracking.Run.write` left them in a file of that name."""

    file: str
    stage: str
    points: tuple[dict[str, Any], ...]

    @property
    def steps(self) -> int:
        """The last step."""
        return max((point["step"] for point in self.points), default=0)

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps at which a value was logged, and the values."""
        known = [(point["step"], point[name]) for point in self.points if point.get(name) is not None]
        return [step for step, _ in known], [value for _, value in known]


def read(folder: Path) -> list[Training]:
    """The curves of all trained stages, by file name; a stage that only chose among settings has none.

    Raises:
        ValueError: a file is not what `tracking.Run.write` writes.
    """
    found = [_read(path) for path in sorted(folder.glob("*.json"))]
    return [training for training in found if training.curve("loss")[0]]


def _read(path: Path) -> Training:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        return Training(path.stem, tree["stage"], tuple(tree["steps"]))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a learning curve ({error!r}); run the stage of that name again") from error


def parts(stage: Training) -> list[Training]:
    """The trainings of a stage: one begins with a validation at the step at which the one before has ended."""
    steps = [point["step"] for point in stage.points]
    starts = [0, *(index for index, (last, step) in enumerate(pairwise(steps), 1) if step <= last)]
    return [replace(stage, points=stage.points[start:end]) for start, end in pairwise([*starts, len(steps)])]


def part_names(trainings: Sequence[Training]) -> Sequence[str]:
    """What each of them learns: all phases of the compressor, or text and then tasks, or the two parts of phase 2."""
    if len(trainings) == 3:
        return "text", "selector", "answers"
    names = ("text", "tasks") if trainings[0].curve("answer_nll")[0] else ("selector", "answers")
    return names[: len(trainings)]


def reading(part: Training) -> tuple[list[int], list[float]]:
    """Steps and the loss that validation measures, too: that of the answers, or the only one of a selector."""
    steps, values = part.curve("answer_nll")
    return (steps, values) if steps else part.curve("loss")


def moving_mean(values: Sequence[float]) -> list[float]:
    """Means of about a tenth of the curve around each value, of what there is of it at the ends."""
    reach = max(1, len(values) // 20)
    return [fmean(values[max(0, index - reach) : index + reach + 1]) for index in range(len(values))]
