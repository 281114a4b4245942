"""Efficiency: what an answer costs, by length. Reads models/, data/tokens, writes reports/efficiency.json."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.evaluation import cost, cost_report
from adamem.models import host


def main() -> None:
    params = config.load()
    settings, tokens = params.efficiency, Path("data/tokens")
    bench = catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models"))

    with tracking.run("efficiency", params, [tokens]) as run:
        rows = {}
        for length, row in cost.measure(bench, tokens, settings):
            rows[length] = row
            run.log(length, row)
        run.metrics(cost_report.report(rows, cost.peaks(bench, tokens, settings), settings.batch_size))
        run.write(Path("reports/efficiency.json"))


if __name__ == "__main__":
    main()
