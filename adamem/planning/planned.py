"""One training with everything that is known of it beforehand, and how long a device takes for it."""

from __future__ import annotations

from dataclasses import dataclass

from adamem import config
from adamem.planning import flops, memory
from adamem.planning import work as works
from adamem.planning.flops import Counted, Part
from adamem.planning.formula import Letters, evaluate
from adamem.planning.gpus import Gpu
from adamem.planning.memory import Need
from adamem.planning.shape import LlmShape
from adamem.planning.work import Work

Operations = dict[bool, int]  # in bfloat16 or float16 (False) and in float32 (True)


@dataclass(frozen=True)
class Device:
    """A GPU and the share of its peak that is reckoned with."""

    gpu: Gpu
    utilisation: float

    def seconds(self, operations: Operations) -> float:
        """Time for operations, each kind at its own peak, one after the other."""
        return (operations[False] / self.gpu.bfloat16 + operations[True] / self.gpu.float32) / self.utilisation


@dataclass(frozen=True)
class Planned:
    """A training, the values of its letters, its operations by part, and its memory."""

    work: Work
    letters: Letters
    counted: list[Counted]
    need: Need

    @classmethod
    def of(cls, params: config.AdaMemConfig, llm: LlmShape, work: Work) -> Planned:
        """Raises ValueError for settings that the LLM cannot have."""
        letters = works.letters(llm, params, work)
        return cls(work, letters, flops.count(params, work, letters), memory.need(params, llm, work, letters))

    def example(self) -> int:
        """Floating-point operations of one example, both ways."""
        return sum(one.total for one in self.counted)

    def seconds(self, device: Device) -> float:
        """All steps, and the validations, which have no way back and no teacher."""
        trained = self.work.optimiser.steps * self.work.examples
        asked = [one for one in self.counted if one.part is not flops.TEACHER]
        operations: Operations = {False: 0, True: 0}
        for one in self.counted:
            operations[self._in_float32(one.part)] += trained * one.total
        for one in asked:
            operations[self._in_float32(one.part)] += self.work.validated * one.forward
        return device.seconds(operations)

    def teacher_seconds(self, windows: int, device: Device) -> float:
        """For a teacher that is asked about all windows beforehand."""
        asked = windows * evaluate(flops.TEACHER.forward, self.letters)
        wide = self._in_float32(flops.TEACHER)
        return device.seconds({wide: asked, not wide: 0})

    def _in_float32(self, part: Part) -> bool:
        return part.float32 or self.letters["e"] == 4


def all_of(params: config.AdaMemConfig, llm: LlmShape, question: int) -> list[Planned]:
    """The trainings in their order; `question` is the number of tokens in one."""
    return [Planned.of(params, llm, work) for work in works.works(params, question)]
