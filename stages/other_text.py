"""Other text: the trained compressor with fused vectors of another text. Reads models/, data/tasks, writes answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.evaluation import benchmark
from adamem.evaluation.other_text import OtherText
from adamem.models import checkpoint, host

NAME = "other_text"
TASKS = Path("data/tasks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help=f"where fused/{NAME} goes")
    reports = parser.parse_args().reports
    params = config.load()
    method = OtherText(checkpoint.load(Path("models/phase2"), host.load(Path("models/llm"), params.llm)))

    with tracking.run(NAME, params, [TASKS]) as run:
        run.metrics(benchmark.all_groups(NAME, method, TASKS, reports / "fused" / NAME, params, sources=False))


if __name__ == "__main__":
    main()
