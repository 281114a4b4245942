"""Phase 1: read text from memory as from the full context. Reads data/teacher, data/tokens, writes models/phase1."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.models import host
from adamem.training import phases, processes


def main() -> None:
    params = config.load()
    together = processes.here()
    llm = host.load(Path("models/llm"), params.llm)
    with phases.phase1(params, llm, Path()).steps(Path("models/phase1")) as steps:
        if together.follows(steps):
            return

        with tracking.run("phase1", params, [Path("data/tokens")]) as run:
            for step in steps:
                run.log(step.number, step.values)
            run.write(Path("reports/training/phase1.json"))


if __name__ == "__main__":
    main()
