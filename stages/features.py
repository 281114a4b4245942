"""Features: scales of the LLM's states and embeddings. Reads models/llm, data/tokens, writes models/features."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data.tokens import TokenStore
from adamem.models import host, tensor_files
from adamem.training import statistics


def main() -> None:
    params = config.load()
    llm = host.load(Path("models/llm"), params.llm)
    documents = TokenStore.open(Path("data/tokens"), "train")

    with tracking.run("features", params, [Path("data/tokens")]) as run:
        found = statistics.of_corpus(llm, documents, params.chunk_encoder, params.seed)
        tensor_files.save_in(Path("models/features"), {"statistics.safetensors": found.tensors()})
        run.metrics(
            {"feature_deviation": float(found.feature_deviation.mean()), "embedding_rms": float(found.embedding_rms)}
        )


if __name__ == "__main__":
    main()
