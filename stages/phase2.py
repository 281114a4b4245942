"""Phase 2: teach the memory to answer. Reads models/phase1, data/tasks, writes models/phase2."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.models import host
from adamem.training import phases, processes


def main() -> None:
    params = config.load()
    together = processes.here()
    llm = host.load(Path("models/llm"), params.llm)
    with phases.phase2(params, llm, Path()).steps(Path("models/phase2")) as steps:
        if together.follows(steps):
            return

        with tracking.run("phase2", params, [Path("data/tasks")]) as run:
            for step in steps:
                run.log(step.number, step.values)
            run.write(Path("reports/training/phase2.json"))


if __name__ == "__main__":
    main()
