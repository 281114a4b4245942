"""Tokenize: the corpus as token ids, split by document. Reads data/raw/corpus and models/llm, writes data/tokens."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import tokenizing
from adamem.tracking.store import project_root


def main() -> None:
    params = config.load()
    inputs = tokenizing.Inputs(Path("data/raw/corpus"), Path("models/llm"), project_root())

    with tracking.run("tokenize", params, [inputs.corpus]) as run:
        chunk_size = params.chunk_encoder.chunk_size
        run.metrics(tokenizing.write(inputs, Path("data/tokens"), params.data, chunk_size).counts)


if __name__ == "__main__":
    main()
