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
    trained = checkpoint.load(Path("models/phase2"), host.load(Path("models/llm"), params.llm))
    items = [item for group in config.GROUPS for item in benchmark.selection(TASKS / group, params.evaluation)[0]]
    method = GoldWindows(trained, items)

    with tracking.run("gold_windows", params, [TASKS]) as run:
        run.metrics(benchmark.all_groups(NAME, method, TASKS, reports / "benchmarks" / NAME, params))


if __name__ == "__main__":
    main()
