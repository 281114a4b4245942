"""Pages of this repository speak of the reports beside them in git, not of what another machine has made of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE = ("reports", "params.yaml", "dvc.lock", "stages/*/dvc.lock")

_asked = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *MADE], cwd=ROOT, check=False)
as_committed = pytest.mark.skipif(
    _asked.returncode == 1, reason="settings or reports are not those in git, of which the pages speak"
)
