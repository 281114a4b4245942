"""A stage that is ended from outside leaves a run that nothing of it can close."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adamem import config, tracking
from adamem.tracking import abandoned
from adamem.tracking.store import Store

# MLflow and SQLAlchemy deprecate parts of each other; that is not ours to mend
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ROOT = Path(__file__).parents[1]
BEGUN = """
import sys
from adamem import config, tracking
with tracking.run("begun", config.load("params.yaml")) as run:
    print(run.id, flush=True)
    sys.stdin.read()
"""


def _ended_by(end: str) -> str:
    """The id of a run whose process was ended so."""
    command = [sys.executable, "-W", "ignore", "-c", BEGUN]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        run = process.stdout.readline().strip()
        getattr(process, end)()
    return run


def test_the_next_run_closes_what_was_ended_from_outside_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    params = config.load(ROOT / "params.yaml")
    client, _ = Store.here().open()
    terminated = _ended_by("terminate")
    assert client.get_run(terminated).info.status == "RUNNING"
    killed = _ended_by("kill")
    assert client.get_run(terminated).info.status == "KILLED", "closed by the run that was begun next"
    with tracking.run("the next", params) as running:
        assert client.get_run(killed).info.status == "KILLED"
        with tracking.run("beside it", params):
            assert client.get_run(running.id).info.status == "RUNNING"


def test_a_run_that_ends_while_it_is_looked_at_stays_as_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found running, and over with its process before the look at that."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client, experiment = Store.here().open()
    found = client.create_run(experiment, tags=abandoned.tags() | {abandoned.BEGAN: "0"})
    client.set_terminated(found.info.run_id, "FINISHED")
    monkeypatch.setattr(client, "search_runs", lambda *_: [found])
    abandoned.close(client, experiment)
    assert client.get_run(found.info.run_id).info.status == "FINISHED"
