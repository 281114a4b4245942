"""Runs whose process was ended from outside: by SIGTERM, for lack of memory, with the machine.

No `finally` runs then, and MLflow goes on showing them as running. So each run names its process, and the next one to
begin closes those whose process is gone.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from mlflow import MlflowClient

HOST, PID, BEGAN = "process.host", "process.pid", "process.began"
SAME_SECONDS = 60  # the system derives a process's start from a clock that is set now and then


def tags() -> dict[str, str]:
    """What tells this process from all others."""
    own = psutil.Process()
    return {HOST: platform.node(), PID: str(own.pid), BEGAN: f"{own.create_time():.0f}"}


def close(client: MlflowClient, experiment: str) -> None:
    """Mark as KILLED what this machine began and no process of it can end any more.

    A run may end well between the search and the look at its process: only once that is gone its status is final.
    """
    ours = f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{platform.node()}'"
    for run in client.search_runs([experiment], ours):
        gone = not _alive(int(run.data.tags[PID]), float(run.data.tags[BEGAN]))
        if gone and client.get_run(run.info.run_id).info.status == "RUNNING":
            client.set_terminated(run.info.run_id, "KILLED")


def _alive(pid: int, began: float) -> bool:
    """Whether the process is there, and is not a later one that was given the same number."""
    try:
        return abs(psutil.Process(pid).create_time() - began) < SAME_SECONDS
    except psutil.NoSuchProcess:
        return False
