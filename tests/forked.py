"""DVC whose stages are forks of its own process: `python -m tests.forked repro tokenize`.

A stage at toy size is mostly imports. Here they are made once, before the first stage; each stage is still a process
that DVC starts, waits for and judges by its exit status.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

import dvc.cli
import dvc.stage.run
from dvc.stage.exceptions import StageCmdFailedError

from tests import rehearsal

IMPORTED = ("adamem.baselines.catalogue", "mlflow.store.tracking.sqlalchemy_store")


def main() -> int:
    for module in IMPORTED:
        importlib.import_module(module)
    dvc.stage.run._run = fork
    return dvc.cli.main(sys.argv[1:])


def fork(_shell: str, command: str, cwd: str, env: Mapping[str, str], **_: object) -> None:
    """In place of what starts a stage in DVC."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os._exit(_played(command, Path(cwd), env))  # nothing that DVC would do at its own end
    if status := os.waitpid(child, 0)[1]:
        raise StageCmdFailedError(command, os.waitstatus_to_exitcode(status))


def _played(command: str, folder: Path, env: Mapping[str, str]) -> int:
    """The exit status of a stage, once it has said all that it has to say."""
    os.chdir(folder)
    os.environ.update(env)
    try:
        rehearsal.play(command)
        return 0
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
