"""The three phases, each ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from adamem import config
from adamem.benchmarks import item
from adamem.data import windows
from adamem.models import checkpoint
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.method import Method
from adamem.training import recipes, trainer
from adamem.training.objectives import Objective
from adamem.training.scratch import Scratch
from adamem.training.trainer import Step, Training


@dataclass(frozen=True)
class Phase:
    """A phase that is set up but has not begun: one training, or several in turn."""

    model: AdaMem
    trainings: tuple[Training, ...]
    llm_top: dict[str, nn.Parameter] | None = None

    def steps(self, folder: Path) -> AbstractContextManager[Iterator[Step]]:
        """The steps of its trainings, see `checkpointed`."""
        return checkpointed(self.model, folder, self.model.settings, *self.trainings, llm_top=self.llm_top)


@contextmanager
def checkpointed(
    method: Method,
    folder: Path,
    settings: config.Section,
    *trainings: Training,
    llm_top: dict[str, nn.Parameter] | None = None,
) -> Iterator[Iterator[Step]]:
    """The steps of trainings of a method, see `trainer.in_turn`; after the last the checkpoint stands in `folder`.

    Raises:
        ValueError: the folder holds other files, which the checkpoint would replace.
    """
    checkpoint.refuse_others(folder)
    with trainer.in_turn(*trainings, save=lambda: checkpoint.save(method, folder, settings, llm_top)) as steps:
        yield steps


def phase1(params: config.AdaMemConfig, llm: HostLLM, root: Path, start: Path | None = None) -> Phase:
    """Text: continue it from memory as the teacher does from the full context; with a checkpoint to `start` from, that
    goes on."""
    source = start or root / "models/features"
    statistics = source / "statistics.safetensors"
    model = checkpoint.load(start, llm) if start else AdaMem.fresh(params.model, llm, statistics, params.training_seed)
    return Phase(model, (reading(model, params, root, "phase1", [source]),))


def phase2(params: config.AdaMemConfig, llm: HostLLM, root: Path, start: Path | None = None) -> Phase:
    """Tasks: first learn what to pick, where anything is picked, then answer from it. Starts from phase 1."""
    start = start or root / "models/phase1"
    model = checkpoint.load(start, llm)
    return Phase(model, answering(model, params, root, "phase2", [start]))


def phase3(params: config.AdaMemConfig, llm: HostLLM, root: Path, start: Path | None = None) -> Phase:
    """Tasks, with the top layers of the LLM trained along. Starts from phase 2. Changes `llm`."""
    settings, start = params.phase3, start or root / "models/phase2"
    model = checkpoint.load(start, llm)
    objective = _tasks(model, params, settings, item.read_groups(root / "data/tasks"))
    top = llm.unfreeze(settings.unfrozen_layers)
    trainee = trainer.with_llm(objective, settings.optimiser, top, settings.llm_learning_rate)
    scratch = Scratch.of("phase3", params, [root / "data/tasks", start, root / "models/llm"])
    return Phase(model, (Training(objective, trainee, settings.optimiser, scratch, params.devices),), top)


def reading(model: AdaMem, params: config.AdaMemConfig, root: Path, name: str, made_from: list[Path]) -> Training:
    """Phase 1 for a model, which `made_from` decides; `name` is that of its scratch."""
    model.host.keep_features(params.llm.feature_cache)
    tokens, answers = root / "data/tokens", root / "data/teacher"
    drawn = windows.for_training(tokens, params.phase1.teacher, params.seed)
    ask = recipes.ask_teacher(model, drawn, answers, params)
    objective = recipes.continuation(model, drawn, tokens, params, ask)
    scratch = Scratch.of(name, params, [tokens, answers, root / "models/llm", *made_from])
    optimiser = params.phase1.optimiser
    return Training(objective, trainer.whole(objective, optimiser), optimiser, scratch, params.devices)


def answering(
    model: AdaMem, params: config.AdaMemConfig, root: Path, name: str, made_from: list[Path]
) -> tuple[Training, ...]:
    """Phase 2 for a model, which `made_from` decides: what to pick, if it picks; then answers."""
    model.host.keep_features(params.llm.feature_cache)
    inputs, settings = [root / "data/tasks", root / "models/llm", *made_from], params.phase2
    groups, encode = item.read_groups(root / "data/tasks"), recipes.encoder(model)
    objective, optimiser = _tasks(model, params, settings, groups, encode), settings.optimiser
    scratch = Scratch.of(name, params, inputs)
    last = Training(objective, trainer.whole(objective, optimiser), optimiser, scratch, params.devices)
    if model.resampler.extractor is None:
        return (last,)
    chosen = recipes.selection(model, groups, settings, params.training_seed, encode)
    trainee = trainer.part(chosen, model.SELECTOR, settings.selector)
    apart = Scratch.of(f"{name}-selector", params, inputs)
    return (Training(chosen, trainee, settings.selector, apart, params.devices), last)


def _tasks(
    model: AdaMem,
    params: config.AdaMemConfig,
    settings: config.Phase2 | config.Phase3,
    groups: item.Groups,
    encode: recipes.Encode | None = None,
) -> Objective:
    return recipes.tasks(model, groups, settings.optimiser, params.training_seed, recipes.weights(settings), encode)


Begin = Callable[[config.AdaMemConfig, HostLLM, Path, Path | None], Phase]
PHASES: dict[int, Begin] = {1: phase1, 2: phase2, 3: phase3}
