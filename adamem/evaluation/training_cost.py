"""What a training step costs, beside the same step in the plain way: the stock Trainer of transformers in the
type of the LLM (so in bfloat16 for the compressor, too, where ours has `devices.precision`), a padding mask over
everything, logits at every position.

Both train the same method on the same batches with the same loss, in turns, so that a busy machine slows both alike.
Ours keeps early features, as phase 2 does: there the selector has seen every context of a step before.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.catalogue import Bench
from adamem.benchmarks import item
from adamem.models import host as hosts
from adamem.models.method import Method
from adamem.models.records import Memory, Prompt, Reading, TokenBatch
from adamem.training import recipes, trainer
from adamem.training.objectives import Objective
from adamem.training.scratch import Scratch
from adamem.training.trainer import Training

WARM_UP = 1  # steps of each round that are not counted


class PlainReader(Method):
    """A method whose memory the LLM reads as any script would have it do: `llm` is one of transformers, untouched."""

    def __init__(self, method: Method, llm: Any) -> None:
        super().__init__(method.host)
        self.method = method
        self._llm = (llm,)  # no module of ours: its weights are not trained

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        return self.method.compress(context, query)

    def read(self, memory: Memory, prompt: Prompt) -> Reading:
        """Teacher-forced logits, cut out of those at all positions."""
        [llm] = self._llm
        before = self.host.embed(prompt.before).expand(len(memory.tokens), -1, -1)
        embeds = torch.cat([before, memory.tokens, self.host.embed(prompt.after.ids)], 1).to(llm.dtype)
        seen = memory.mask.new_ones(before.shape[:2])
        mask = torch.cat([seen, memory.mask, prompt.after.mask], 1).long()
        logits = llm(inputs_embeds=embeds, attention_mask=mask).logits.float()
        after = logits[:, -prompt.after.ids.shape[1] :]
        rows, columns = prompt.targets.nonzero(as_tuple=True)
        return Reading(after[rows, columns - 1], prompt.after.ids[rows, columns], rows, memory)


class _Stock(nn.Module):
    """An objective in the form that the stock Trainer asks for: numbers of batches in, loss out."""

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.method, self.objective = objective.method, objective

    def forward(self, number: Tensor) -> dict[str, Tensor]:
        return {"loss": self.objective.loss(int(number), 0).total}


class _Clock(TrainerCallback):
    """Seconds of every step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def measure(bench: Bench, tasks: Path, settings: config.Efficiency) -> dict[str, float]:
    """Median seconds of a training step of phase 2 by this package's trainer and by the stock one."""
    optimiser = bench.params.phase2.optimiser.model_copy(update={"accumulate": 1})  # the stock one's step is one pass
    bench.host.keep_features(bench.params.llm.feature_cache)
    forgetful = replace(bench, host=hosts.load(bench.models / "llm", bench.params.llm))
    llm: Any = AutoModelForCausalLM.from_pretrained(
        bench.models / "llm", dtype=bench.host.dtype, use_safetensors=True, trust_remote_code=False
    )
    llm = llm.to(bench.host.device).requires_grad_(False)
    ours = _tasks(catalogue.untrained_adamem(bench), tasks, bench.params)
    plain = _tasks(PlainReader(catalogue.untrained_adamem(forgetful), llm), tasks, bench.params)
    ways: dict[str, Callable[[], Iterator[float]]] = {
        "trainer": lambda: _ours(ours, optimiser, settings.training_steps, bench.params.devices),
        "plain_trainer": lambda: _stock(plain, optimiser, settings.training_steps),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(settings.repeats):
        for name, way in ways.items():
            seconds[name] += list(way())[WARM_UP:]
    return {f"{name}_step_seconds": median(found) for name, found in seconds.items()}


def _tasks(method: Method, tasks: Path, params: config.AdaMemConfig) -> Objective:
    """Phase 2 for a method, with a batch of validation; it encodes its items by itself, as any training does."""
    groups, phase = item.read_groups(tasks), params.phase2
    objective = recipes.tasks(method, groups, phase.optimiser, params.training_seed, recipes.weights(phase))
    return replace(objective, validation=objective.validation[:1])


def _ours(objective: Objective, settings: config.Optimiser, steps: int, devices: config.Devices) -> Iterator[float]:
    """One step more than is timed: the last one also validates."""
    settings = settings.model_copy(update={"steps": steps + 1, "validate_every": steps + 1})
    with tempfile.TemporaryDirectory() as folder:
        trainee, scratch = trainer.whole(objective, settings), Scratch(Path(folder))
        run = trainer.fit(Training(objective, trainee, settings, scratch, devices))
        next(run)
        for _ in range(steps):
            began = time.perf_counter()
            next(run)
            yield time.perf_counter() - began


def _stock(objective: Objective, settings: config.Optimiser, steps: int) -> Iterator[float]:
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=1,
            learning_rate=settings.learning_rate,
            max_grad_norm=settings.clip,
            bf16=objective.method.host.dtype == torch.bfloat16,
            use_cpu=not torch.cuda.is_available(),
            lr_scheduler_type="cosine",
            train_sampling_strategy="sequential",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        numbers = [{"number": number} for number in range(1, steps + 1)]
        Trainer(_Stock(objective), arguments, train_dataset=numbers, callbacks=[clock]).train()  # type: ignore[arg-type]
    yield from clock.seconds
