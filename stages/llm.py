"""LLM: the frozen reader as safetensors with its tokenizer. Reads the index, the hub or a folder, writes models/llm."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import llm_source
from adamem.tracking.store import project_root


def main() -> None:
    params = config.load()

    with tracking.run("llm", params) as run:
        run.metrics(llm_source.obtain(params.llm.source, Path("models/llm"), project_root()))


if __name__ == "__main__":
    main()
