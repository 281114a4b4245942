"""From shards to what each process reads at a step: exact after an interruption, without overlap, never all at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from adamem import config
from adamem.config import Tokens
from adamem.data import windows
from adamem.data.examples import Order
from adamem.data.token_manifest import KEPT, Kept, Manifest, Shard
from adamem.data.tokens import ShardWriter, TokenStore
from adamem.data.windows import Window, Windows
from adamem.training.processes import Processes
from tests import tiny

TEACHER = config.Teacher(
    kind="on_the_fly", windows=240, context_tokens=200, prefix_tokens=8, continuation_tokens=16, top_k=4
)
OPTIMISER = tiny.settings().phase1.optimiser.model_copy(update={"batch_size": 12, "accumulate": 2})
DOCUMENTS, LENGTH = 600, 5_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 MB of ids in five shards."""
    place, settings = tmp_path_factory.mktemp("tokens"), Tokens(shard_tokens=700_000, validation=0.1)
    writers: dict[Kept, ShardWriter] = {
        split: ShardWriter(place, split, np.dtype("<u4"), settings, 8) for split in KEPT
    }
    for number in range(DOCUMENTS):
        writers["train"].add(np.arange(number * LENGTH, (number + 1) * LENGTH, dtype="<u4"))
    writers["validation"].add(np.arange(9, dtype="<u4"))
    shards: dict[Kept, tuple[Shard, ...]] = {split: tuple(writer.close()) for split, writer in writers.items()}
    Manifest("<u4", 2**31, 8, shards).write(place)
    return place


def numbers(drawn: Windows, step: int, part: int, rank: int = 0, world: int = 1) -> Sequence[int]:
    """The windows that one of `world` processes reads."""
    return Processes(rank, world).share(Order(len(drawn), OPTIMISER, 0).indices(step, part))


def read(folder: Path, steps: range, rank: int = 0, world: int = 1) -> list[list[Window]]:
    """What a process that starts afresh reads at those steps, one list for each backward pass."""
    drawn = windows.for_training(folder, TEACHER, 0)
    return [[drawn[number] for number in numbers(drawn, step, part, rank, world)] for step in steps for part in (0, 1)]


def test_a_run_goes_on_exactly_with_any_number_of_processes(folder: Path) -> None:
    whole = read(folder, range(1, 11))
    for world in (1, 2, 3):
        resumed = [read(folder, range(6, 11), rank, world) for rank in range(world)]
        joined = [list(chain.from_iterable(shares)) for shares in zip(*resumed, strict=True)]
        assert joined == whole[10:]


def test_processes_read_every_window_of_a_pass_once(folder: Path) -> None:
    drawn = windows.for_training(folder, TEACHER, 0)
    assert len(TokenStore.open(folder, "train").shards) == 5
    read = [
        {number for step in range(1, 11) for part in (0, 1) for number in numbers(drawn, step, part, rank, 4)}
        for rank in range(4)
    ]
    assert sum(map(len, read)) == len(set.union(*read)) == TEACHER.windows
    shards = {drawn[number].context[0] // LENGTH // 140 for mine in read for number in mine}
    assert shards == set(range(5))


def test_the_corpus_is_never_held(folder: Path) -> None:
    """4.5 million tokens of windows over 12 MB of shards: as Python numbers they would take 160 MB."""
    many = TEACHER.model_copy(update={"windows": 20_000})
    tracemalloc.start()
    try:
        drawn = windows.for_training(folder, many, 0)
        for step in range(1, 40):
            batch = [drawn[number] for number in numbers(drawn, step, 0, 1, 2)]
            assert len(batch) == 6
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3e6
