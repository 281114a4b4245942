"""Fanout: fusion questions that people wrote. Reads a wheel and models/, writes fanout.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, tracking
from adamem.baselines import catalogue
from adamem.benchmarks.assemble import token_counter
from adamem.data import wheels
from adamem.data.staged import write_json
from adamem.evaluation import benchmark, fanout
from adamem.models import host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="where fanout.json goes")
    reports = parser.parse_args().reports
    params = config.load()
    settings = params.fanout
    entries = {name: catalogue.entry(name) for name in settings.methods}
    archive = wheels.fetch(settings.source, Path(".scratch/wheels"))
    questions = fanout.parse(wheels.read(archive, settings.member).decode())
    bench = catalogue.Bench(host.load(Path("models/llm"), params.llm), params, Path("models"))
    items = fanout.items(questions, token_counter(bench.host.tokenizer), settings, params.seed)
    evaluation = params.evaluation.model_copy(update={"max_new_tokens": settings.max_new_tokens})

    with tracking.run("fanout", params) as run:
        rows = []
        for name, entry in entries.items():
            found = fanout.score(entry.load(bench), benchmark.Asked(items, entry.items(items)), evaluation)
            rows.append({"method": name, **found})
            run.metrics({name: {key: found[key] for key in fanout.SCORES}})
        write_json(reports / "fanout.json", rows, indent=1)
        run.artifact(reports / "fanout.json")


if __name__ == "__main__":
    main()
