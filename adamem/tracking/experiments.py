"""DVC experiments from outside: queue them, run the queue, and read what one has left.

DVC and git are called as programs: both keep finished experiments as commits of their own (`refs/exps/`), so the
results of one can be read without touching the working tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def head() -> str:
    """The commit that experiments are queued on.

    Raises:
        ValueError: the clone is shallow: DVC runs queued experiments there and keeps none of their results.
    """
    if _shallow():
        raise ValueError("a shallow clone, in which DVC keeps no experiment; run `git fetch --unshallow` first")
    return _read("git", "rev-parse", "HEAD").strip()


def uncommitted(paths: Sequence[str]) -> list[str]:
    """Files below these paths (git's pathspecs) that differ from the last commit or are not in it."""
    found = _read("git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
    return [entry[3:] for entry in found.split("\0") if entry]


def last_commit(paths: Sequence[str]) -> str:
    """The last commit that touched one of these paths, with "-dirty" behind it where one has changed since; empty where
    git does not tell, as in a shallow clone."""
    try:
        if _shallow():
            return ""
        commit = _read("git", "log", "-1", "--format=%H", "--", *paths).strip()
        changed = uncommitted(paths)
    except (OSError, ValueError):
        return ""
    return f"{commit}-dirty" if changed else commit


def queue(name: str, changes: Mapping[str, object], targets: Sequence[str]) -> None:
    """Queue one experiment: settings by their path (with + where the file lacks the key, None to take it away), and the
    stages to reach.

    Raises:
        ValueError: DVC refuses it; what it said stands above.
    """
    settings = [part for change in changes.items() for part in ("-S", _setting(*change))]
    _run("dvc", "exp", "run", "--queue", "--name", name, *settings, *targets)


def waiting() -> dict[str, str]:
    """The experiments that are queued or running, for instance by a call that was interrupted, and the commit that each
    was queued on."""
    lines = (line.split() for line in _read("dvc", "queue", "status").splitlines())
    tasks = {words[1]: words[0] for words in lines if len(words) > 2 and words[-1] in ("Queued", "Running")}
    return {name: _read("git", "rev-parse", f"{task}^1").strip() for name, task in tasks.items()}


def run_queue(jobs: int) -> None:
    """Run all that is queued, `jobs` at a time, each in a copy of the working tree with its share of the CPUs. One that
    fails says so and has no revision then; the others are kept.

    Raises:
        ValueError: DVC itself failed; what it said stands above.
    """
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    _run("dvc", "exp", "run", "--run-all", "--jobs", str(jobs), OMP_NUM_THREADS=threads)


def revision(name: str, baseline: str) -> str | None:
    """The commit of a finished experiment that was queued on `baseline`; None where there is none."""
    place = f"refs/exps/{baseline[:2]}/{baseline[2:]}/{name}"
    return _read("git", "for-each-ref", "--format=%(objectname)", place).strip() or None


def content(commit: str, path: str) -> str:
    """The text of a file in a commit.

    Raises:
        ValueError: the commit has no such file.
    """
    return _read("git", "show", f"{commit}:{path}")


def files(commit: str, folder: str) -> list[str]:
    """The paths of all files below a folder of a commit.

    Raises:
        ValueError: the commit has none there.
    """
    found = _read("git", "ls-tree", "-r", "-z", "--name-only", commit, "--", f"{folder}/").split("\0")[:-1]
    if not found:
        raise ValueError(f"{folder}: not in commit {commit}")
    return found


def data(commit: str, path: str, to: Path) -> None:
    """Copy what DVC keeps under `path` in a commit to `to`, which does not exist yet.

    Raises:
        ValueError: the commit or DVC's cache does not have it.
    """
    _read("dvc", "get", ".", path, "--rev", commit, "--out", str(to))


def _shallow() -> bool:
    return _read("git", "rev-parse", "--is-shallow-repository").strip() == "true"


def _setting(key: str, value: object) -> str:
    """As Hydra's grammar has it."""
    if value is None:
        return f"~{key}"
    return f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _run(*command: str, **environment: str) -> None:
    done = _started(command, environment, capture=False)
    if done.returncode:
        raise ValueError(f"`{' '.join(command)}` ended with {done.returncode}; what it said stands above")


def _read(*command: str) -> str:
    done = _started(command, {}, capture=True)
    if done.returncode:
        raise ValueError(f"`{' '.join(command)}`: {done.stderr.strip()}")
    return done.stdout


def _started(command: Sequence[str], more: Mapping[str, str], capture: bool) -> subprocess.CompletedProcess[str]:
    """Ended, that is. The programs beside the interpreter come first: DVC, and the `python` that its stages call, are
    found without an activated environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, **more}
    program = shutil.which(command[0], path=path)
    if program is None:
        raise ValueError(
            f"{command[0]}: no such program on the path; `make setup` installs DVC, git comes with the system"
        )
    return subprocess.run([program, *command[1:]], env=environment, capture_output=capture, text=True, check=False)
