"""Benchmark: one method on all groups. Reads its model and data/tasks, writes reports/benchmarks/METHOD."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.evaluation import benchmark
from adamem.models import host

TASKS = Path("data/tasks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method", choices=catalogue.METHODS)
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where benchmarks/METHOD goes")
    given = parser.parse_args()
    name = given.method
    params = config.load()
    entry = catalogue.entry(name)
    method = entry.load(catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models")))

    with tracking.run(f"benchmark@{name}", params, [TASKS]) as run:
        for group in config.GROUPS:
            items = benchmark.selection(TASKS / group, params.evaluation, entry.full_text, entry.counterfactual)
            test, changed = (benchmark.Asked(part, entry.items(part)) for part in items)
            report = benchmark.run(name, method, test, params, changed)
            benchmark.write(given.reports / "benchmarks" / name, group, report)
            run.metrics({f"{group}.{key}": value for key, value in report.quality.items()})


if __name__ == "__main__":
    main()
