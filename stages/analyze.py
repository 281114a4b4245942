"""Analyze: from answers to metrics, tables, plots and the page. Reads reports/ and data/tasks, writes reports/."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.analysis import ledger, quality, report
from adamem.analysis.provenance import Provenance
from adamem.tracking.experiments import last_commit


def main() -> None:
    params = config.load()
    seconds = ledger.seconds(Path("reports"), ledger.read(Path("dvc.lock")), tracking.last_seconds())
    provenance = Provenance.read(Path(), last_commit)

    with tracking.run("analyze", params) as run:
        found = report.write(Path("reports"), Path("data/tasks"), params, seconds, provenance)
        run.metrics(quality.by_name(found))
        run.artifact(Path("reports/README.md"))
        for plot in sorted(Path("reports/plots").glob("*.png")):
            run.artifact(plot)


if __name__ == "__main__":
    main()
