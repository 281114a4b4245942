"""One run for every executed stage: settings, inputs, curves, duration, machine load."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from adamem.config import AdaMemConfig
from adamem.data.checksum import sha256
from adamem.data.staged import write_json
from adamem.tracking import abandoned
from adamem.tracking.store import WORKSPACE, Store, experiment_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

SAMPLING_SECONDS = 1
Value = float | None | Mapping[str, Any]  # a mapping may nest; its numbers are named by their path


@dataclass
class Run:
    """One MLflow run. What it logs it also remembers, so that `write` cannot say something else."""

    id: str
    stage: str
    client: MlflowClient
    curve: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def log(self, step: int, values: Mapping[str, Value]) -> None:
        """A point of the curves; None marks a value that this step does not have."""
        self.curve.append({"step": step, **values})
        self._send(values, step)

    def metrics(self, values: Mapping[str, Value]) -> None:
        """Numbers of the run as a whole."""
        self.summary.update(values)
        self._send(values, step=0)

    def artifact(self, path: Path) -> None:
        """Keep a copy of a small file beside the run."""
        self.client.log_artifact(self.id, str(path))

    def tags(self, values: Mapping[str, str]) -> None:
        """Labels to find the run by."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.id, tags=[RunTag(key, value) for key, value in values.items()])

    def dataset(self, path: Path, name: str) -> None:
        """Note which data the run read: a file or a folder, with the hash of its bytes.

        Raises:
            ValueError: the path does not exist.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = json.dumps({"uri": str(path.resolve())})
        data = Dataset(name=name, digest=digest(path), source_type="local", source=source)
        self.client.log_inputs(self.id, [DatasetInput(data, [InputTag("mlflow.data.context", self.stage)])])

    def write(self, path: Path) -> None:
        """The summary and the curves as JSON, exactly as MLflow has them; `seconds` counts up to here."""
        self.metrics({"seconds": _seconds()})
        write_json(path, {"stage": self.stage, **self.summary, "steps": self.curve}, indent=1)

    def _send(self, values: Mapping[str, Value], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        known = {_allowed(key): value for key, value in flatten(values, "/").items() if value is not None}
        self.client.log_batch(self.id, metrics=[Metric(key, float(value), now, step) for key, value in known.items()])


@contextmanager
def run(stage: str, params: AdaMemConfig, inputs: Sequence[Path] = (), *, name: str | None = None) -> Iterator[Run]:
    """Record one executed stage: settings, inputs, what the caller logs, duration, machine load.

    An exception marks the run FAILED (Ctrl-C: KILLED) and goes on to the caller. Earlier runs whose process was ended
    from outside are marked KILLED now.
    """
    client, experiment = Store.here().open()  # before any other import of mlflow
    abandoned.close(client, experiment)

    from mlflow.entities import Param

    entity = client.create_run(experiment, tags=_tags(stage), run_name=name or _name(stage))
    current = Run(entity.info.run_id, stage, client)
    status = "FAILED"
    try:
        with _machine_load(current):
            settings = flatten(params.model_dump(), ".")
            client.log_batch(current.id, params=[Param(key, str(value)) for key, value in settings.items()])
            for path in inputs:
                current.dataset(path, str(path))
            yield current
            if "seconds" not in current.summary:
                current.metrics({"seconds": _seconds()})
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        client.set_terminated(current.id, status)


@contextmanager
def _machine_load(current: Run) -> Iterator[None]:
    """CPU, memory, disk and network beside the curves, sampled often enough for stages of seconds."""
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    uri = current.client.tracking_uri
    monitor = SystemMetricsMonitor(current.id, sampling_interval=SAMPLING_SECONDS, tracking_uri=uri)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def _name(stage: str) -> str:
    """The stage, and the experiment where it is one: two of them stand side by side in a comparison."""
    return stage if experiment_name() == WORKSPACE else f"{stage} {experiment_name()}"


def _tags(stage: str) -> dict[str, str]:
    from mlflow.tracking.context.registry import resolve_tags

    own = {
        "dvc.stage": os.environ.get("DVC_STAGE") or stage,
        "dvc.exp": experiment_name(),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV", ""),
        "git.commit": _commit(),
        **_made_with(),
    }
    return resolve_tags({key: value for key, value in own.items() if value} | abandoned.tags())


def _seconds() -> float:
    """Since the process began: imports and the loading of models are part of what a stage takes."""
    return round(time.time() - psutil.Process().create_time(), 1)


def _commit() -> str:
    """With `-dirty` behind it where files that git knows are not as committed; empty without git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _made_with() -> dict[str, str]:
    """Versions and machine: scores differ a little between them."""
    packages = {f"version.{name}": version(name) for name in ("torch", "transformers", "mlflow")}
    return {**packages, "python": platform.python_version(), "cpu": _cpu(), "cpus": str(psutil.cpu_count() or "")}


def _cpu() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def flatten(tree: Mapping[str, Any], separator: str, prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by a separator: {"a": {"b": 1}} becomes {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, separator, f"{prefix}{key}{separator}"))
        else:
            flat[prefix + key] = value
    return flat


def _allowed(name: str) -> str:
    """A metric's name as MLflow takes it: the stage `benchmark@adamem` becomes `benchmark/adamem`."""
    return re.sub(r"[^\w\-. :/]", "/", name)


def digest(path: Path) -> str:
    """The first 16 hex digits of the SHA-256 of a file, or of the names and hashes below a folder."""
    if not path.exists():
        raise ValueError(f"{path}: no such data set; run the stage that makes it first")
    if path.is_file():
        return sha256(path)[:16]
    below = sorted(p for p in path.rglob("*") if p.is_file())
    lines = "".join(f"{p.relative_to(path).as_posix()} {digest(p)}\n" for p in below)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
