"""Phase 3: as phase 2, with the top layers of the LLM unfrozen. Reads models/phase2, data/tasks, writes models/phase3."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.benchmarks import item
from adamem.models import checkpoint, host
from adamem.training import recipes, trainer
from adamem.training.scratch import Scratch

TASKS = Path("data/tasks")


def main() -> None:
    params = config.load()
    settings = params.phase3
    llm = host.load(Path("models/llm"), params.llm)
    model = checkpoint.load(Path("models/phase2"), llm)
    top = llm.unfreeze(settings.unfrozen_layers)
    objective = recipes.tasks(model, item.read_groups(TASKS), settings.optimiser, params.seed, recipes.weights(settings))
    trainee = trainer.with_llm(objective, settings.optimiser, top, settings.llm_learning_rate)
    scratch = Scratch.of("phase3", params, [TASKS, Path("models/phase2"), Path("models/llm")])

    with tracking.run("phase3", params, [TASKS]) as run:
        for step in trainer.fit(objective, trainee, settings.optimiser, scratch):
            run.log(step.number, step.values)
        checkpoint.save(model, Path("models/phase3"), params.model, llm_top=top)
        run.write(Path("reports/training/phase3.json"))


if __name__ == "__main__":
    main()
