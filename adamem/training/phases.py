"""The three phases, each ready to run: model, objective, what is trained, how, and where it waits when interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from adamem import config
from adamem.benchmarks import item
from adamem.data import windows
from adamem.models import checkpoint
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.training import recipes, trainer
from adamem.training.objectives import Objective
from adamem.training.scratch import Scratch
from adamem.training.trainer import Step, Trainee


@dataclass(frozen=True)
class Phase:
    """A training that is set up but has not begun."""

    model: AdaMem
    objective: Objective
    trainee: Trainee
    optimiser: config.Optimiser
    scratch: Scratch
    llm_top: dict[str, nn.Parameter] | None = None

    def steps(self) -> Iterator[Step]:
        """Train; see `trainer.fit`."""
        return trainer.fit(self.objective, self.trainee, self.optimiser, self.scratch)


def phase1(params: config.AdaMemConfig, llm: HostLLM, root: Path) -> Phase:
    """Text: continue it from memory as the teacher does from the full context."""
    tokens, answers, features = root / "data/tokens", root / "data/teacher", root / "models/features"
    model = AdaMem.fresh(params.model, llm, features / "statistics.safetensors", params.seed)
    drawn = windows.for_training(tokens, params.phase1.teacher, params.seed)
    ask = recipes.ask_teacher(model, drawn, answers, params)
    objective = recipes.continuation(model, drawn, tokens, params, ask)
    scratch = Scratch.of("phase1", params, [tokens, answers, features, root / "models/llm"])
    optimiser = params.phase1.optimiser
    return Phase(model, objective, trainer.whole(objective, optimiser), optimiser, scratch)


def phase2(params: config.AdaMemConfig, llm: HostLLM, root: Path) -> Phase:
    """Tasks: answer from memory."""
    model = checkpoint.load(root / "models/phase1", llm)
    objective = _tasks(model, params, params.phase2, root)
    scratch = Scratch.of("phase2", params, [root / "data/tasks", root / "models/phase1", root / "models/llm"])
    optimiser = params.phase2.optimiser
    return Phase(model, objective, trainer.whole(objective, optimiser), optimiser, scratch)


def phase3(params: config.AdaMemConfig, llm: HostLLM, root: Path) -> Phase:
    """Tasks, with the top layers of the LLM trained along. Changes `llm`."""
    settings = params.phase3
    model = checkpoint.load(root / "models/phase2", llm)
    objective = _tasks(model, params, settings, root)
    top = llm.unfreeze(settings.unfrozen_layers)
    trainee = trainer.with_llm(objective, settings.optimiser, top, settings.llm_learning_rate)
    scratch = Scratch.of("phase3", params, [root / "data/tasks", root / "models/phase2", root / "models/llm"])
    return Phase(model, objective, trainee, settings.optimiser, scratch, top)


def _tasks(
    model: AdaMem, params: config.AdaMemConfig, settings: config.Phase2 | config.Phase3, root: Path
) -> Objective:
    groups = item.read_groups(root / "data/tasks")
    return recipes.tasks(model, groups, settings.optimiser, params.seed, recipes.weights(settings))


PHASES: dict[int, Callable[[config.AdaMemConfig, HostLLM, Path], Phase]] = {1: phase1, 2: phase2, 3: phase3}
