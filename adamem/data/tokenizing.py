"""The corpus as token ids, by the way that its size asks for.

The embedded corpus, some MB, passes through one process as a stream; FineWeb goes to many processes in units.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adamem import config
from adamem.data import documents, token_units, tokenizer, tokens
from adamem.data.corpus_files import Source
from adamem.data.token_manifest import Manifest


@dataclass(frozen=True)
class Inputs:
    """What stages `download` and `llm` have left; `root` is what a relative `data.corpus.path` is relative to."""

    corpus: Path
    llm: Path
    root: Path


def write(inputs: Inputs, folder: Path, settings: config.Data, chunk_size: int) -> Manifest:
    """Tokenize the corpus into `folder`, whole or not at all.

    Raises:
        ValueError: an input is missing or damaged, a split would be empty, or the disk is full.
    """
    loaded = tokenizer.load(inputs.llm)
    match settings.corpus:
        case config.CorpusWheels():
            texts = documents.read(inputs.corpus, "tokenize")
            return tokens.write(texts, loaded, folder, settings.tokens, chunk_size)
        case config.CorpusFineWeb() as corpus:
            source = Source.read(inputs.corpus)
            work = token_units.Work(source, corpus, settings.tokens, chunk_size, inputs.root)
            return token_units.write(work, loaded, folder)
