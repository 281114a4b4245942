"""The only door to MLflow. Nothing of MLflow is imported before a run starts: that alone takes seconds.

`run` is what a stage needs; the other names serve stage `record`.
"""

from adamem.tracking.pipeline import KEY, last_seconds, recorded
from adamem.tracking.registry import Answer, register, serve
from adamem.tracking.runs import Run, run

__all__ = ["KEY", "Answer", "Run", "last_seconds", "recorded", "register", "run", "serve"]
