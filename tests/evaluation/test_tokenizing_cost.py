"""The cost of tokenizing: both ways do the same work, and memory counts what a process has to itself."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from adamem.analysis import scale
from adamem.config import Tokens
from adamem.data import documents, tokenizer
from adamem.data.documents import Document
from adamem.data.split import split_of
from adamem.evaluation import tokenizing_cost
from adamem.evaluation.tokenizing_cost import Cost, Inputs
from tests import tiny

TOKENS = Tokens(shard_tokens=500, validation=0.2)


@pytest.fixture
def inputs(tmp_path: Path, llm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    monkeypatch.setattr(tokenizing_cost, "GROUP", 10)
    monkeypatch.setattr(tokenizing_cost, "PAGE", 70)
    monkeypatch.setattr(tokenizing_cost, "FILE_PAGES", 30)
    text = " ".join(tiny.FACTS)
    documents.write([Document("a", text), Document("b", text[7:])], tmp_path / "corpus")
    return Inputs(tmp_path / "corpus", llm_folder, tmp_path / "scratch")


def test_pages_reach_the_size_that_is_asked_for(inputs: Inputs) -> None:
    """The corpus is gone through again until they do, under ids of their own."""
    size = tokenizing_cost.write_pages(inputs.corpus, inputs.scratch / "pages", 4_000)
    tables = [pq.read_table(path) for path in sorted((inputs.scratch / "pages").iterdir())]
    texts = [text for table in tables for text in table["text"].to_pylist()]
    assert len(tables) > 1 and 4_000 <= size == sum(map(len, texts)) < 5_000
    ids = [key for table in tables for key in table["id"].to_pylist()]
    assert len(set(ids)) == len(ids) == len(texts) > len(set(texts))


def test_both_ways_write_the_same_tokens(inputs: Inputs) -> None:
    """But for the documents of the test side, which stage `tokenize` leaves out."""
    tokenizing_cost.write_pages(inputs.corpus, inputs.scratch / "pages", 4_000)
    rows = [row for path in (inputs.scratch / "pages").iterdir() for row in pq.read_table(path).to_pylist()]
    test = [row["text"] for row in rows if split_of(f"fineweb:{row['id']}") == "test"]
    loaded: Any = tokenizer.load(inputs.llm)
    left_out = sum(len(loaded(text, add_special_tokens=False)["input_ids"]) for text in test)
    assert left_out
    own, other = (run(inputs, TOKENS, 1) for run in tokenizing_cost.WAYS.values())
    assert own + left_out == other


def test_memory_is_what_a_process_has_to_itself(tmp_path: Path) -> None:
    before = tokenizing_cost.private(os.getpid())
    pages = mmap.mmap(-1, 40_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # not what malloc has left over
    held = np.frombuffer(pages)
    held[:] = 1
    assert tokenizing_cost.private(os.getpid()) - before > 0.9 * held.nbytes
    path = tmp_path / "big"
    held.tofile(path)
    with_array = tokenizing_cost.private(os.getpid())
    assert np.memmap(path).sum() > 0
    assert tokenizing_cost.private(os.getpid()) - with_array < 0.5 * held.nbytes


def test_what_is_reported(tmp_path: Path) -> None:
    costs = [
        Cost("adamem", 10, 2, 80, 2.0, 3.0, 100),
        Cost("datasets.map", 10, 2, 100, 4.0, 8.0, 200),
        Cost("datasets.map", 100, 2, 1000, 40.0, 80.0, 400),
        Cost("adamem", 100, 2, 800, 16.0, 32.0, 110),
    ]
    found = tokenizing_cost.summary(costs)
    assert found["times_as_fast"] == 2.0
    assert found["tokens_a_cpu_second"] == {"adamem": 25.0, "datasets.map": 12.5}
    assert found["memory_growth"] == {"adamem": 1.1, "datasets.map": 2.0}
    scale.plot(found["measured"], tmp_path / "made" / "tokenize.png")
    assert (tmp_path / "made" / "tokenize.png").read_bytes().startswith(b"\x89PNG")
