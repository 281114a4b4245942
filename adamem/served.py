"""The script that MLflow runs to load the registered model. It is not imported by anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamem import config, tracking, trained
from adamem.evaluation.answering import ask


def _open(artifacts: Mapping[str, str], settings: Mapping[str, Any]) -> tracking.Answer:
    model = trained.load(artifacts["compressor"], artifacts["llm"], config.Llm.model_validate(settings["llm"]))
    evaluation = config.Evaluation.model_validate(settings["evaluation"])
    return lambda context, query: ask(model, context, query, evaluation).text


tracking.serve(_open)
