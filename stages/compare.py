"""Compare: the experiments with the committed run. Reads reports/ and data/tasks, writes reports/ablations/."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.analysis import ablation_page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--reports", type=Path, required=True, help="the folder of the ablations in that of all reports"
    )
    reports = parser.parse_args().reports
    params = config.load()

    with tracking.run("compare", params) as run:
        rows = ablation_page.write(reports.parent, Path("data/tasks"), params)
        run.metrics({f"{row.group}.{row.method}.{row.experiment}": row.value for row in rows})
        run.artifact(reports / "README.md")
        for plot in sorted((reports / "plots").glob("*.png")):
            run.artifact(plot)


if __name__ == "__main__":
    main()
