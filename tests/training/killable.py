"""A small training as a program of its own, that can be told to die at a step. Run by test_resume.py.

python -m tests.training.killable FOLDER LEARNING_RATE [STEP]
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch

from adamem.models.adamem import AdaMem
from adamem.models.tensor_files import save_tensors
from adamem.training.objectives import Weights
from adamem.training.scratch import Scratch
from tests import tiny
from tests.training.small import SETTINGS, Training


def main(folder: Path, rate: float, last: int) -> None:
    torch.set_num_threads(1)
    os.environ["DVC_ROOT"] = str(folder)
    torch.manual_seed(0)
    model = AdaMem(tiny.settings().model, tiny.make_host())
    model.set_statistics(tiny.STATISTICS)
    settings = SETTINGS.model_copy(update={"steps": 36, "learning_rate": rate})
    params = tiny.settings({"phase2": {"optimiser": settings.model_dump()}})
    training = Training(model, settings, Scratch.of("phase2", params, []), Weights(contrastive=0.1, diversity=0.01))

    def watch(step: int, part: int) -> None:
        print(f"step {step}", flush=True)
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    training.spoil = watch
    training.steps()
    save_tensors(model.state_dict(), folder / "weights.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
