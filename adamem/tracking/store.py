"""Where runs are kept, and how that place is opened.

- It lies at the root of the *main* checkout (`DVC_ROOT`, which DVC points there even from the copies made by
  `dvc exp run --temp` and `--queue`), with absolute paths: relative ones die with the copy.
- It is opened under a file lock: two workers that create the same SQLite file at once collide.
- The client is bound to its address, so no global of MLflow is set.
"""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "adamem"
CONNECT_SECONDS = 20.0
_PORTS = {"http": 80, "https": 443}
WORKSPACE = "workspace"  # as `dvc exp show` calls what is no experiment


@dataclass(frozen=True)
class Store:
    """Where runs go: an address, and the folder of the artifacts (None: the server decides)."""

    uri: str
    artifacts: str | None
    lock: Path

    @classmethod
    def here(cls) -> Store:
        """The store of this checkout; `MLFLOW_TRACKING_URI`, when set, wins."""
        root = project_root()
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
        artifacts = None if uri.startswith("http") else (root / "mlartifacts").as_uri()
        return cls(uri, artifacts, root / "mlflow.db.lock")

    def open(self) -> tuple[MlflowClient, str]:
        """A client and the id of the experiment, both created on first use.

        Raises:
            ValueError: nothing answers at the address, or the experiment was deleted there.
        """
        _answering(self.uri)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read while mlflow is imported
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        with FileLock(self.lock):
            client = MlflowClient(self.uri)
            experiment = client.get_experiment_by_name(EXPERIMENT)
            if experiment is None:
                return client, client.create_experiment(EXPERIMENT, artifact_location=self.artifacts)
        if experiment.lifecycle_stage == "deleted":
            raise ValueError(
                f"{self.uri}: the experiment {EXPERIMENT!r} was deleted in MLflow; bring it back with "
                f"`MLFLOW_TRACKING_URI={self.uri} mlflow experiments restore -x {experiment.experiment_id}`"
            )
        return client, experiment.experiment_id


def _answering(uri: str) -> None:
    """Said at once, where MLflow would try again for minutes."""
    where = urlsplit(uri)
    if where.scheme in ("http", "https") and where.hostname:
        try:
            socket.create_connection((where.hostname, where.port or _PORTS[where.scheme]), CONNECT_SECONDS).close()
        except OSError as error:
            raise ValueError(
                f"MLFLOW_TRACKING_URI {uri}: no server answers there ({error}); start it, or unset that"
            ) from error
    if where.scheme == "sqlite" and not (folder := Path(where.path[1:]).parent).is_dir():
        raise ValueError(f"MLFLOW_TRACKING_URI {uri}: there is no folder {folder}; make it, or unset that")


def experiment_name() -> str:
    """The name `dvc exp run` gave to this experiment; `workspace` under plain `dvc repro`."""
    return os.environ.get("DVC_EXP_NAME") or WORKSPACE


def project_root() -> Path:
    """The main checkout: `DVC_ROOT` where DVC runs us, else the nearest folder above that holds `.dvc` or `.git`."""
    if os.environ.get("DVC_ROOT"):
        return Path(os.environ["DVC_ROOT"]).resolve()
    here = Path.cwd()
    return next((p for p in (here, *here.parents) if (p / ".dvc").is_dir() or (p / ".git").exists()), here)
