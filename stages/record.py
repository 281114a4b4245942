"""Record: one MLflow run for the whole pipeline, and the minutes per stage. Reads dvc.lock, reports/ and models/."""

from __future__ import annotations

import json
from pathlib import Path

from adamem import config, tracking
from adamem.analysis import ledger, quality


def main() -> None:
    params = config.load()
    lock = ledger.read(Path("dvc.lock"))
    key = ledger.key(lock, params)
    metrics = json.loads(Path("reports/metrics.json").read_text(encoding="utf-8"))

    seconds = ledger.seconds(Path("reports"), lock, tracking.last_seconds())
    ledger.write_minutes(Path("reports"), seconds)
    if tracking.recorded(key):
        return

    with tracking.run("record", params, name=f"pipeline:{key}") as run:
        run.metrics(quality.by_name(metrics))
        run.metrics({"stage_seconds": seconds})
        run.tags({tracking.KEY: key, **{f"md5.{path}": md5 for path, md5 in lock.outputs.items()}})
        run.artifact(Path("reports/README.md"))
        artifacts = {"compressor": Path("models/phase2"), "llm": Path("models/llm")}
        settings = params.model_dump(mode="json", include={"llm", "evaluation"})
        tracking.register(run, Path("adamem/served.py"), artifacts, settings)


if __name__ == "__main__":
    main()
