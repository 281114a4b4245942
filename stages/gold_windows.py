"""Gold windows: the trained compressor, told where the answer stands. Reads models/ and data/tasks, writes answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.evaluation import benchmark
from adamem.evaluation.gold_windows import GoldWindows
from adamem.models import checkpoint, host

NAME = "adamem_gold_windows"
TASKS = Path("data/tasks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help=f"where benchmarks/{NAME} goes")
    reports = parser.parse_args().reports
    params = config.load()
    llm = host.load(Path("models/llm"), params.llm)

    with tracking.run("gold_windows", params, [TASKS]) as run:
        for group in config.GROUPS:
            items, _ = benchmark.selection(TASKS / group, params.evaluation)
            method = GoldWindows(checkpoint.load(Path("models/phase2"), llm), items)
            report = benchmark.run(NAME, method, benchmark.Asked.of(items), params)
            benchmark.write(reports / "benchmarks" / NAME, group, report)
            run.metrics({f"{group}.{key}": value for key, value in report.quality.items()})


if __name__ == "__main__":
    main()
