"""The learning-rate schedule, as a pure function of the step."""

from __future__ import annotations

import math


def scale(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the first `warmup` share of the steps, then a cosine to zero. `step` counts from 1.

    Returns a factor in (0, 1]; the last step still moves a little, so no step is wasted.
    """
    rising = math.ceil(warmup * steps)
    if step <= rising:
        return step / rising
    progress = (step - rising - 1) / max(1, steps - rising)
    return 0.5 * (1 + math.cos(math.pi * progress))
