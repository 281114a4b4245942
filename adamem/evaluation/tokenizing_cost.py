"""What tokenizing a large corpus costs, beside the common way: `datasets.map` with the same tokenizer and workers.

Both read the same parquet files and leave ids on disk. Each runs in a process of its own, in turns, so that neither
inherits the memory of the other. The text is the project's own corpus, cut to the length of web pages and gone
through as often as a size asks for.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, count, repeat
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from adamem.config import CorpusFineWeb, Tokens
from adamem.data import documents, fineweb, token_units, tokenizer
from adamem.data.token_units import Work
from adamem.models.frame import AS_TEXT

PAGE = 3_000  # characters of a page; about FineWeb's mean
GROUP = 1_000  # rows of a row group
FILE_PAGES = 20_000  # 60 MB of text
SAMPLED_EVERY = 0.05  # seconds


@dataclass(frozen=True)
class Cost:
    """One way at one size, in MB of text. `memory`: the most MB that its processes had, without files mapped in.

    `cpu` is the seconds of all processes together: where other programs run beside, they say more than `seconds`.
    """

    way: str
    megabytes: float
    workers: int
    tokens: int
    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Inputs:
    """The corpus and tokenizer that stages `download` and `llm` have left, and a folder for what is made."""

    corpus: Path
    llm: Path
    scratch: Path


def measure(inputs: Inputs, tokens: Tokens, sizes: tuple[int, ...], workers: int) -> Iterator[Cost]:
    """Both ways at every size, given in MB of text; what a size has made is removed before the next one."""
    for megabytes in sizes:
        shutil.rmtree(inputs.scratch, ignore_errors=True)
        size = write_pages(inputs.corpus, inputs.scratch / "pages", megabytes * 10**6)
        for way in WAYS:
            yield _apart((way, size / 1e6), inputs, tokens, workers)
        shutil.rmtree(inputs.scratch)


def write_pages(corpus: Path, folder: Path, size: int) -> int:
    """Parquet files in FineWeb's schema with at least `size` characters; how many they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    pages, written = _pages(corpus), 0
    for number in count():
        with pq.ParquetWriter(folder / f"{number:03d}.parquet", _schema()) as writer:
            for start in range(0, FILE_PAGES, GROUP):
                texts = [next(pages) for _ in range(GROUP)]
                rows = [_row(f"{number}-{start + row}", text) for row, text in enumerate(texts)]
                writer.write_table(pa.Table.from_pylist(rows, _schema()), GROUP)
                written += sum(map(len, texts))
                if written >= size:
                    return written
    raise AssertionError


def _pages(corpus: Path) -> Iterator[str]:
    for document in chain.from_iterable(map(documents.read, repeat(corpus))):
        yield from (document.text[start : start + PAGE] for start in range(0, len(document.text), PAGE))


def _row(key: str, text: str) -> dict[str, Any]:
    address = {"dump": "-", "url": f"https://example.org/{key}", "date": "-", "file_path": "-"}
    return {"text": text, "id": key, **address, "language": "en", "language_score": 1.0, "token_count": len(text) // 4}


def _schema() -> Any:
    import pyarrow as pa

    words = ("text", "id", "dump", "url", "date", "file_path", "language")
    return pa.schema(
        [*((word, pa.string()) for word in words), ("language_score", pa.float64()), ("token_count", pa.int64())]
    )


def ours(inputs: Inputs, tokens: Tokens, workers: int) -> int:
    """Stage `tokenize`: how many tokens it wrote. Documents of the test side are not tokenized, so they are fewer."""
    settings = CorpusFineWeb(
        kind="fineweb",
        path="pages",
        repo="-",
        revision="-",
        subset="-",
        streaming=False,
        max_documents=2**40,
        min_language_score=0.0,
        min_characters=1,
        max_characters=10**6,
    )
    work = Work(fineweb.find(settings, inputs.scratch), settings, tokens, 256, inputs.scratch)
    counts = token_units.write(work, tokenizer.load(inputs.llm), inputs.scratch / "tokens", workers).counts
    return int(counts["train_tokens"] + counts["validation_tokens"])


def mapped(inputs: Inputs, tokens: Tokens, workers: int) -> int:
    """`datasets.map` over the same files: how many tokens it wrote."""
    import datasets

    loaded: Any = tokenizer.load(inputs.llm)
    cache = str(inputs.scratch / "cache")
    datasets.disable_progress_bars()
    files = [str(path) for path in sorted((inputs.scratch / "pages").glob("*.parquet"))]
    rows = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
    assert isinstance(rows, datasets.Dataset)

    def encode(batch: dict[str, list[str]]) -> dict[str, list[Any]]:
        ids = loaded(batch["text"], return_attention_mask=False, verbose=False, **AS_TEXT)["input_ids"]
        return {"ids": ids, "length": [len(row) for row in ids]}

    done = rows.map(encode, batched=True, num_proc=workers, remove_columns=rows.column_names)
    batches: Any = done.select_columns("length").iter(10_000)
    return sum(chain.from_iterable(batch["length"] for batch in batches))


Way = Callable[[Inputs, Tokens, int], int]
WAYS: dict[str, Way] = {"adamem": ours, "datasets.map": mapped}


def _apart(case: tuple[str, float], inputs: Inputs, tokens: Tokens, workers: int) -> Cost:
    """Run a way in a process of its own; the start of Python is not counted."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_timed, args=(WAYS[case[0]], inputs, tokens, workers, sender))
    process.start()
    sender.close()
    peak = _Peak(process.pid or 0)
    try:
        found, seconds, cpu = receiver.recv()
    except EOFError as error:
        raise ValueError(f"{case[0]}: the process ended without a result; what it said stands above") from error
    finally:
        process.join()
        memory = peak.stop()
    return Cost(*case, workers, found, seconds, cpu, memory / 1e6)


def _timed(run: Way, inputs: Inputs, tokens: Tokens, workers: int, sender: Connection) -> None:
    start, before = time.perf_counter(), sum(os.times()[:4])
    found = run(inputs, tokens, workers)
    sender.send((found, time.perf_counter() - start, sum(os.times()[:4]) - before))


class _Peak:
    """The most memory that a process and its children have had to themselves, watched from a thread."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self.over = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.over.wait(SAMPLED_EVERY):
            self.most = max(self.most, private(self.pid))

    def stop(self) -> float:
        self.over.set()
        self.thread.join()
        return self.most


def private(pid: int) -> float:
    """Bytes that a process and its children have to themselves: resident, and shared with no file."""
    total = 0.0
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            found = process.memory_info()
            total += found.rss - getattr(found, "shared", 0)
    except psutil.NoSuchProcess:
        pass
    return total


def summary(costs: list[Cost]) -> dict[str, Any]:
    """All measurements; at the largest size, how much faster by tokens a second; how much memory grew up to there."""
    ways = {way: sorted((cost for cost in costs if cost.way == way), key=lambda cost: cost.megabytes) for way in WAYS}
    own, other = (found[-1] for found in ways.values())
    return {
        "times_as_fast": (own.tokens / own.seconds) / (other.tokens / other.seconds),
        "tokens_a_cpu_second": {way: found[-1].tokens / found[-1].cpu for way, found in ways.items()},
        "memory_growth": {way: found[-1].memory / found[0].memory for way, found in ways.items()},
        "measured": [asdict(cost) for cost in costs],
    }
