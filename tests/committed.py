"""Pages of this repository speak of the reports beside them in git, not of what another machine has made of them."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EVIDENCE = "reports/evidence/README.md"
MADE = ("reports", "params.yaml", "dvc.lock", "stages/*/dvc.lock")

_asked = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *MADE], cwd=ROOT, check=False)
as_committed = pytest.mark.skipif(
    _asked.returncode == 1, reason="settings or reports are not those in git, of which the pages speak"
)


def read(place: str, below: str = "") -> str:
    """A file of the repository, from the first occurrence of `below` on."""
    whole = (ROOT / place).read_text(encoding="utf-8")
    return whole[whole.index(below) :]


def rows_of(table: str, **wanted: str) -> list[dict[str, str]]:
    """The rows of a table in `reports/` that have these values."""
    with (ROOT / "reports" / table).open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if wanted.items() <= row.items()]


def interval_of(row: dict[str, str], mean: str, low: str, high: str, sign: int, mark: str = "") -> str:
    """Mean and interval as the pages write them; `sign` -1 for a loss, of which a page names the size."""
    value, *ends = (sign * float(row[key]) for key in (mean, low, high))
    first, last = sorted(ends, reverse=bool(mark))
    return f"{value:.2f} [{mark}{first:.2f}, {mark}{last:.2f}]"


def leads_of_h2(page: str, against: str) -> list[str]:
    """H2's lead over an arm, group by group, where the page has it first."""
    return re.findall(rf"^\| H2 \| `{against}` \| ([^|]+\[.+) \|$", page, re.MULTILINE)[0].split(" | ")


def score_on_a(page: str, method: str, trainings: str, count: str = r"\d") -> str:
    """The mean on A of a method's trainings that a page calls so (`longer`, `fresh`), where it has them first, of so
    many."""
    return re.findall(rf"^\| `{method}` \| {trainings} \| {count} \| (\S+) ", page, re.MULTILINE)[0]
