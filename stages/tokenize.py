"""Tokenize: the corpus as token ids, split by document. Reads data/raw/corpus and models/llm, writes data/tokens."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import documents, tokenizer, tokens


def main() -> None:
    params = config.load()
    corpus = Path("data/raw/corpus")
    loaded = tokenizer.load(Path("models/llm"))

    with tracking.run("tokenize", params, [corpus]) as run:
        texts = documents.read(corpus, "tokenize")
        chunk_size = params.chunk_encoder.chunk_size
        run.metrics(tokens.write(texts, loaded, Path("data/tokens"), params.data.tokens, chunk_size).counts)


if __name__ == "__main__":
    main()
