"""The console scripts `adamem-train` and `adamem-eval`: the pipeline's own functions, outside the pipeline.

They read the same settings and the same folders as the stages (run `dvc repro tasks teacher features` for the
data), and write where they are told.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adamem import config, tracking
from adamem.evaluation import benchmark
from adamem.models import checkpoint, host
from adamem.training import phases, processes


def train(arguments: Sequence[str] | None = None) -> None:
    """`adamem-train --phase 1 --config params.yaml [--output-dir DIR]`."""
    parser = argparse.ArgumentParser(prog="adamem-train", description="Train one phase of AdaMem.")
    parser.add_argument("--phase", type=int, choices=sorted(phases.PHASES), required=True)
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with data/ and models/ (default: here)")
    _directory(parser, "where the checkpoint goes (default: models/phaseN below the root)")
    asked = parser.parse_args(arguments)
    with _plain_errors():
        params = config.load(asked.config)
        out = asked.output_dir or asked.root / f"models/phase{asked.phase}"
        together = processes.here()
        phase = phases.PHASES[asked.phase](params, host.load(asked.root / "models/llm", params.llm), asked.root)
        if together.follows(phase.steps()):
            return
        with tracking.run(f"phase{asked.phase}", params) as run:
            for step in phase.steps():
                run.log(step.number, step.values)
            checkpoint.save(phase.model, out, params.model, phase.llm_top)
    print(f"wrote {out}")


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`adamem-eval --checkpoint models/phase2 [--groups A D] [--output-dir DIR]`."""
    parser = argparse.ArgumentParser(prog="adamem-eval", description="Score an AdaMem checkpoint on the groups.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a trained compressor")
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with data/ and models/ (default: here)")
    parser.add_argument("--groups", nargs="+", choices=config.GROUPS, default=list(config.GROUPS))
    _directory(parser, "where GROUP.json and GROUP.jsonl go (default: only print)")
    asked = parser.parse_args(arguments)
    with _plain_errors():
        params = config.load(asked.config)
        model = checkpoint.load(asked.checkpoint, host.load(asked.root / "models/llm", params.llm))
        for group in asked.groups:
            folder = asked.root / "data/tasks" / group
            test, _ = benchmark.selection(folder, False, False, params.evaluation)
            report = benchmark.run("adamem", model, benchmark.Asked(test, test), benchmark.Asked([], []), params)
            if asked.output_dir:
                benchmark.write(asked.output_dir, group, report)
            print(json.dumps({"group": group, "n": len(test), **report.quality}))


def _directory(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--output-dir", "--output_dir", type=Path, default=None, help=text)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """A user's mistake ends in one line, not in a stack of ours."""
    try:
        yield
    except ValueError as error:
        sys.exit(f"error: {error}")
