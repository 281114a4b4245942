"""Tokenize cost: time and memory beside `datasets.map`, by size. Reads data/raw and models/llm, writes tokenize.*."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.analysis import scale
from adamem.data.staged import write_json
from adamem.evaluation import tokenizing_cost

SIZES = (60, 250, 500, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="where tokenize.json and tokenize.png go")
    parser.add_argument("--megabytes", type=int, nargs="+", default=SIZES, help="sizes of the corpus, in MB of text")
    parser.add_argument("--workers", type=int, default=2, help="processes of either way")
    arguments = parser.parse_args()
    params = config.load()

    inputs = tokenizing_cost.Inputs(Path("data/raw/corpus"), Path("models/llm"), Path(".scratch/tokenize_cost"))

    with tracking.run("tokenize_cost", params) as run:
        costs = tokenizing_cost.measure(inputs, params.data.tokens, tuple(arguments.megabytes), arguments.workers)
        found = tokenizing_cost.summary(list(costs))
        write_json(arguments.reports / "tokenize.json", found, indent=1)
        scale.plot(found["measured"], arguments.reports / "tokenize.png")
        run.metrics({"times_as_fast": found["times_as_fast"], "memory_growth": found["memory_growth"]})


if __name__ == "__main__":
    main()
