"""Baseline: train or choose what one baseline needs. Reads data/tokens, data/tasks, writes models/baselines/NAME."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.models import host
from adamem.training import fitting, processes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=fitting.FITTERS)
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where training/NAME.json goes")
    given = parser.parse_args()
    name = given.name
    params = config.load()
    together = processes.here()
    bench = catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models"))
    with fitting.FITTERS[name](bench, Path("data"), Path("models/baselines") / name) as steps:
        if together.follows(steps):
            return

        with tracking.run(f"baseline@{name}", params, [Path("data/tasks")]) as run:
            for step in steps:
                run.log(step.number, step.values)
            run.write(given.reports / f"training/{name}.json")


if __name__ == "__main__":
    main()
