"""All stages of the default graph but `record`, in one process, each after what it reads: `python -m tests.rehearsal`.

DVC starts a process for each, which costs some five seconds of imports; what they hand to each other is the same.
"""

from __future__ import annotations

import runpy
import shlex
import sys

import networkx as nx
from dvc.repo import Repo


def main() -> None:
    every = reversed(list(nx.topological_sort(Repo(".").index.graph)))  # edges lead to what a stage reads
    for stage in every:
        if stage.path_in_repo == "dvc.yaml" and stage.name != "record":
            print(f"Running stage '{stage.addressing}': {stage.cmd}", flush=True)
            play(stage.cmd)


def play(command: str) -> None:
    """Do here what `python -m MODULE ARGUMENTS` does in a process of its own."""
    python, option, module, *arguments = shlex.split(command)
    if (python, option) != ("python", "-m"):
        raise ValueError(f"{command}: only `python -m MODULE` can be run in this process")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
