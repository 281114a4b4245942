"""Phase 2: teach the memory to answer. Reads models/phase1, data/tasks, writes models/phase2."""

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
    settings = params.phase2
    llm = host.load(Path("models/llm"), params.llm)
    model = checkpoint.load(Path("models/phase1"), llm)
    objective = recipes.tasks(model, item.read_groups(TASKS), settings.optimiser, params.seed, recipes.weights(settings))
    trainee = trainer.whole(objective, settings.optimiser)
    scratch = Scratch.of("phase2", params, [TASKS, Path("models/phase1"), Path("models/llm")])

    with tracking.run("phase2", params, [TASKS]) as run:
        for step in trainer.fit(objective, trainee, settings.optimiser, scratch):
            run.log(step.number, step.values)
        checkpoint.save(model, Path("models/phase2"), params.model)
        run.write(Path("reports/training/phase2.json"))


if __name__ == "__main__":
    main()
