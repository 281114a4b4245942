"""Peer costs: an answer by compressors that others wrote, beside ours. Reads models/, data/tokens, writes reports."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.evaluation import peer_cost
from adamem.models import host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="where peer_costs.json goes")
    reports = parser.parse_args().reports
    params, tokens = config.load(), Path("data/tokens")
    bench = catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models"))

    with tracking.run("peer_costs", params, [tokens]) as run:
        for length, row in peer_cost.measure(bench, tokens, params.efficiency):
            run.log(length, row)
        run.write(reports / "peer_costs.json")


if __name__ == "__main__":
    main()
