"""Teacher: what the LLM predicts with the full context in view. Reads models/llm, data/tokens, writes data/teacher."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import windows
from adamem.models import host, tensor_files
from adamem.training import teacher


def main() -> None:
    params = config.load()
    llm = host.load(Path("models/llm"), params.llm)
    drawn = windows.for_training(Path("data/tokens"), params.phase1.teacher, params.seed)

    with tracking.run("teacher", params, [Path("data/tokens")]) as run:
        kept = teacher.kept(llm, drawn, params.phase1.teacher)
        tensor_files.save_in(Path("data/teacher"), {"train.safetensors": kept})
        run.metrics({"windows": len(drawn), **teacher.mass(kept)})


if __name__ == "__main__":
    main()
