"""The script that MLflow runs to load the registered model. It is not imported by anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamem import config, tracking
from adamem.evaluation.answering import ask
from adamem.models import checkpoint, host


def _open(artifacts: Mapping[str, str], settings: Mapping[str, Any]) -> tracking.Answer:
    llm = host.load(artifacts["llm"], config.Llm.model_validate(settings["llm"]))
    model = checkpoint.load(artifacts["compressor"], llm)
    evaluation = config.Evaluation.model_validate(settings["evaluation"])
    return lambda context, query: ask(model, context, query, evaluation).text


tracking.serve(_open)
