"""Phase 3: phase 2 with top layers of the LLM unfrozen. Reads models/phase2, data/tasks, writes models/phase3."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.models import host
from adamem.training import phases, processes


def main() -> None:
    params = config.load()
    together = processes.here()
    llm = host.load(Path("models/llm"), params.llm)
    with phases.phase3(params, llm, Path()).steps(Path("models/phase3")) as steps:
        if together.follows(steps):
            return

        with tracking.run("phase3", params, [Path("data/tasks")]) as run:
            for step in steps:
                run.log(step.number, step.values)
            run.write(Path("reports/training/phase3.json"))


if __name__ == "__main__":
    main()
