"""Weigh: the hypotheses with every arm. Reads reports/ and data/tasks, writes reports/evidence/ and
reports/hypotheses.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.analysis import evidence, quality
from adamem.analysis.provenance import Provenance
from adamem.tracking.experiments import last_commit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="the folder of the evidence in that of all reports")
    reports = parser.parse_args().reports
    params = config.load()
    provenance = Provenance.read(Path(), last_commit)

    with tracking.run("weigh", params) as run:
        found = evidence.write(reports.parent, Path("data/tasks"), params, provenance)
        run.metrics(quality.by_name(found))
        run.artifact(reports / "README.md")
        for plot in sorted((reports / "plots").glob("*.png")):
            run.artifact(plot)


if __name__ == "__main__":
    main()
