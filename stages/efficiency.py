"""Efficiency: what an answer and a training step cost. Reads models/, data/, writes reports/efficiency.json."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.evaluation import cost, cost_report, training_cost
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
        training = training_cost.measure(bench, Path("data/tasks"), settings) if settings.training_steps else {}
        peaks = cost.peaks(bench, tokens, settings)
        run.metrics(cost_report.report(rows, peaks, settings.batch_size, training))
        run.write(Path("reports/efficiency.json"))


if __name__ == "__main__":
    main()
