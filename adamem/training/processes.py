"""The processes that train together: which of them this one is, and what passes between them.

They are started by `accelerate launch` and joined by Accelerate; a program that was started alone loads nothing of it.
Each reads its rows of every batch. What a loss compares over the batch is gathered, a mean over tokens is weighed by
their number, and the gradients are averaged once a step, after the last backward pass. So a settings file means the
same training on any number of processes, and a snapshot of one number is one of any other.

The gradients are averaged here and not by a wrapped module, because what is trained is called through `compress` and
`read`, stands beside an LLM that is no module of it, and is small: one flat all-reduce a step.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process among those that train together. Alone, nothing is sent and no number changes."""

    rank: int = 0
    count: int = 1

    @property
    def main(self) -> bool:
        """The one that writes files and logs."""
        return self.rank == 0

    def follows(self, steps: Iterable[Any]) -> bool:
        """Make the steps with the main process, where this one is another; false, and nothing done, in the main one."""
        if self.main:
            return False
        for _ in steps:
            pass
        return True

    def share(self, things: Sequence[T]) -> Sequence[T]:
        """This process's part of what a backward pass sees, in order.

        Raises:
            ValueError: the processes cannot have equally many.
        """
        if len(things) % self.count:
            raise ValueError(
                f"batch_size {len(things)} cannot be shared evenly by {self.count} processes: "
                f"choose a multiple of {self.count}, or start another number of processes"
            )
        size = len(things) // self.count
        return things[self.rank * size : (self.rank + 1) * size]

    def weigh(self, mean: Float[Tensor, ""], counted: int) -> Float[Tensor, ""]:
        """A mean over `counted` things of one's own, weighed so that its mean over processes is that over all."""
        if self.count == 1:
            return mean
        [every] = self._reduce(torch.tensor([counted], dtype=torch.float64), "sum").tolist()
        return mean * (counted * self.count / max(every, 1))

    def gather(self, rows: Float[Tensor, "B D"]) -> Float[Tensor, "N D"]:
        """The rows of all processes, in order; they have equally many. N is B times the number of processes.

        Every process computes the same from them. Gradients reach its own rows alone, times the number of processes:
        the mean of the processes' gradients is then the gradient of the whole.
        """
        if self.count == 1:
            return rows
        from accelerate.utils import gather

        with self._together():
            every = list(_tensor(gather(rows.detach())).split(len(rows)))
        every[self.rank] = rows + (self.count - 1) * (rows - rows.detach())
        return torch.cat(every)

    def gather_ids(self, ids: Int[Tensor, "B A"]) -> Int[Tensor, "N A"]:
        """As `gather` for token ids, whose widths may differ: padded with 0 on the right, as in a `TokenBatch`."""
        if self.count == 1:
            return ids
        from accelerate.utils import gather, pad_across_processes

        with self._together():
            return _tensor(gather(pad_across_processes(ids, dim=1)))

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Put the mean over processes in the place of each gradient."""
        if self.count == 1 or not gradients:
            return
        flat = self._reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """The mean over processes of each value; all have the same names."""
        if self.count == 1:
            return values
        means = self._reduce(torch.tensor(list(values.values()), dtype=torch.float64), "mean")
        return dict(zip(values, means.tolist(), strict=True))

    def measure(self, things: Sequence[T], measured: Callable[[T], Sequence[float]]) -> list[Sequence[float]]:
        """What is measured of each thing, in order; the things are dealt out to the processes.

        Every process measures equally many, some of them a second time in vain: where the LLM is sharded, either all
        processes read or none.
        """
        if self.count == 1:
            return [measured(thing) for thing in things]
        from accelerate.utils import gather

        rounds = -(-len(things) // self.count)
        mine = [measured(things[(turn * self.count + self.rank) % len(things)]) for turn in range(rounds)]
        with self._together():
            every = _tensor(gather(torch.tensor(mine, dtype=torch.float64, device=_device())))
        return every.unflatten(0, (self.count, rounds)).transpose(0, 1).flatten(0, 1)[: len(things)].tolist()

    def agree(self, number: int, what: str) -> None:
        """Wait for the others, and see that all have found the same.

        Raises:
            ValueError: they have not.
        """
        found = [int(given) for [given] in self.measure(range(self.count), lambda _: [number])]
        if len(set(found)) > 1:
            raise ValueError(
                f"{what} differs between the processes: {found}; all of them need the same files, .scratch included "
                "(on several machines: a shared file system)"
            )

    def _reduce(self, tensor: Tensor, how: str) -> Tensor:
        from accelerate.utils import reduce

        with self._together():
            return _tensor(reduce(tensor.to(_device()), how))

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A process that waits for one that is gone says so."""
        try:
            yield
        except RuntimeError as error:
            raise RuntimeError(
                f"process {self.rank} of {self.count} lost another one, whose own error says why; start the same "
                "command again, with any number of processes: training goes on from its last snapshot"
            ) from error


@functools.cache
def here() -> Processes:
    """Join those that were launched together; call it before anything is put on a device, which it chooses.

    Raises:
        ValueError: others were launched, but Accelerate has not found them.
    """
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched == 1:
        return Processes()
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    if state.num_processes != launched:
        raise ValueError(
            f"launcher started {launched} processes, but Accelerate has joined {state.num_processes} "
            f"({state.distributed_type}); use one of the files in profiles/accelerate"
        )
    return Processes(state.process_index, state.num_processes)


def sharding() -> bool:
    """Whether Accelerate was configured for FSDP."""
    return here().count > 1 and os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def _device() -> torch.device:
    from accelerate import PartialState

    device = PartialState().device
    assert device is not None
    return device


def _tensor(found: Any) -> Tensor:
    assert isinstance(found, Tensor)
    return found
