"""A small training as one of several processes. Run by test_processes.py through a launcher.

python -m tests.training.together FOLDER [--die STEP] [--batch N]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import torch
from torch.distributed.fsdp import FSDPModule

from adamem.data import examples
from adamem.models.adamem import AdaMem
from adamem.models.tensor_files import save_tensors
from adamem.training import processes, trainer
from adamem.training.objectives import Weights
from adamem.training.scratch import Scratch
from tests import tiny
from tests.training.small import ITEMS, SETTINGS, Training

WEIGHTS = Weights(contrastive=0.1, diversity=0.01, selection=0.1)
TARGETS = ("Lima", "Oslo, Cairo, Accra", "Cairo")  # of different lengths, so that no process has as many tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--die", type=int, default=0, help="the last process kills itself at this step")
    parser.add_argument("--batch", type=int, default=4)
    given = parser.parse_args()
    torch.set_num_threads(1)
    together = processes.here()
    torch.manual_seed(0)
    model = AdaMem(tiny.settings().model, tiny.make_host())
    model.set_statistics(tiny.STATISTICS)
    settings = SETTINGS.model_copy(update={"accumulate": 2, "batch_size": given.batch})
    items = [replace(item, target=TARGETS[number % 3]) for number, item in enumerate(ITEMS)]
    small = Training(model, settings, Scratch(given.folder / "scratch"), WEIGHTS, items)
    if given.die and together.rank == together.count - 1:
        small.spoil = lambda step, part: os.kill(os.getpid(), signal.SIGKILL) if step == given.die else None
    host = model.host
    kept = [examples.task_batch(items[start : start + 2], host.tokenizer, host.frame) for start in (0, 2, 4)]
    objective = replace(small.objective(), validation=kept)
    trainee = trainer.with_llm(objective, settings, host.unfreeze(1), 1e-3)
    host.keep_features(10)  # as phase 2 does: contexts come back; FSDP has to forget it

    def save() -> None:
        with (given.folder / "saved").open("a", encoding="utf-8") as file:
            file.write(f"by {together.rank}\n")

    lines = []
    with trainer.in_turn(trainer.Training(objective, trainee, settings, small.scratch), save=save) as steps:
        if together.follows(steps):
            return
        for step in steps:
            print(f"step {step.number}", flush=True)
            lines.append({"step": step.number, **step.values})
    sharded = [isinstance(layer, FSDPModule) for layer in host.layers]
    (given.folder / "run.json").write_text(json.dumps({"steps": lines, "sharded": sharded}), encoding="utf-8")
    save_tensors(
        {name: weight.detach() for name, weight in trainee.named().items()}, given.folder / "weights.safetensors"
    )


if __name__ == "__main__":
    main()
