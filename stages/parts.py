"""Parts: the trained compressor, then without the training of each part. Reads models/, data/tasks, writes answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.evaluation import benchmark
from adamem.evaluation.parts import WHOLE, parts, without
from adamem.models import checkpoint, host

TASKS = Path("data/tasks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="where parts/NAME goes")
    reports = parser.parse_args().reports
    params = config.load()
    trained = checkpoint.load(Path("models/phase2"), host.load(Path("models/llm"), params.llm))
    names = [WHOLE, *parts(trained)]

    with tracking.run("parts", params, [TASKS]) as run:
        for name in names:
            model = trained if name == WHOLE else without(trained, name, params.training_seed)
            means = benchmark.all_groups(name, model, TASKS, reports / "parts" / name, params, sources=False)
            run.metrics({f"{name}.{key}": value for key, value in means.items()})


if __name__ == "__main__":
    main()
