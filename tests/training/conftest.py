"""What the tests of the training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from adamem.training.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / ".scratch" / "phase" / "0")
