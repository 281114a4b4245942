"""Phase 1: read text from memory as from the full context. Reads data/teacher, data/tokens, writes models/phase1."""

from __future__ import annotations

from pathlib import Path

from adamem import config, tracking
from adamem.data import windows
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem
from adamem.training import recipes, trainer
from adamem.training.scratch import Scratch

TOKENS, TEACHER = Path("data/tokens"), Path("data/teacher")


def main() -> None:
    params = config.load()
    llm = host.load(Path("models/llm"), params.llm)
    model = AdaMem.fresh(params.model, llm, Path("models/features/statistics.safetensors"), params.seed)
    drawn = windows.for_training(TOKENS, params.phase1.teacher, params.seed)
    ask = recipes.ask_teacher(model, drawn, TEACHER, params)
    objective = recipes.continuation(model, drawn, TOKENS, params, ask)
    trainee = trainer.whole(objective, params.phase1.optimiser)
    scratch = Scratch.of("phase1", params, [TOKENS, TEACHER, Path("models/llm"), Path("models/features")])

    with tracking.run("phase1", params, [TOKENS]) as run:
        for step in trainer.fit(objective, trainee, params.phase1.optimiser, scratch):
            run.log(step.number, step.values)
        checkpoint.save(model, Path("models/phase1"), params.model)
        run.write(Path("reports/training/phase1.json"))


if __name__ == "__main__":
    main()
