"""What the store knows of the pipeline as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adamem.tracking.store import WORKSPACE, Store, experiment_name

KEY = "pipeline.key"


def recorded(key: str) -> bool:
    """Whether a finished run has this key, so that a repeat of the same results adds no duplicate."""
    client, experiment = Store.here().open()
    return bool(client.search_runs([experiment], f"tags.`{KEY}` = '{key}' and {_FINISHED}", max_results=1))


def last_seconds() -> dict[str, float]:
    """How long each stage took when it last ran to its end: in this experiment, or else in the workspace.

    A stage that DVC took from its cache does not appear, nor does one whose runs lie in another store.
    """
    found: dict[str, float] = {}
    for name in (experiment_name(), WORKSPACE):
        for run in _finished(name):
            stage, seconds = run.data.tags.get("dvc.stage"), run.data.metrics.get("seconds")
            if stage and seconds is not None:
                found.setdefault(stage, seconds)
    return found


_FINISHED = "attributes.status = 'FINISHED'"


def _finished(name: str) -> Iterator[Any]:
    """All finished runs of a DVC experiment, latest first, page by page."""
    client, experiment = Store.here().open()
    query, order, page = f"tags.`dvc.exp` = '{name}' and {_FINISHED}", ["attributes.start_time DESC"], None
    while True:
        runs = client.search_runs([experiment], query, order_by=order, page_token=page)
        yield from runs
        page = runs.token
        if not page:
            return
