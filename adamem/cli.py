"""The console scripts `adamem-train` and `adamem-eval`: the pipeline's own functions, outside the pipeline.

They read the same settings and the same folders as the stages (run `dvc repro tasks teacher features` for the
data), and write where they are told.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from adamem import config, tracking, trained
from adamem.benchmarks.public.registry import NAMES
from adamem.commands import plain_errors, writable
from adamem.evaluation import benchmark, public
from adamem.models import checkpoint
from adamem.training import phases, processes

_TRAIN = """\
Train one phase of AdaMem, outside the pipeline but as in it: 1 reads text from memory, 2 answers questions from
memory, 3 does so with the top layers of the LLM unfrozen. Phase 1 starts from nothing, the others from models/phase1
and models/phase2 below the root, or each from the checkpoint that --start names.

examples:
  adamem-train --phase 1 --config params.yaml --output-dir my/phase1
  adamem-train --phase 2 --start my/phase1 --output-dir my/phase2
"""


def train(arguments: Sequence[str] | None = None) -> None:
    """`adamem-train --phase 2 --config params.yaml [--start my/phase1] [--output-dir DIR]`."""
    parser = argparse.ArgumentParser(
        prog="adamem-train", description=_TRAIN, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phase", type=int, choices=sorted(phases.PHASES), required=True, help="see above")
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with data/ and models/ (default: here)")
    parser.add_argument("--start", type=Path, help="folder of the checkpoint to start from (default: see above)")
    _directory(parser, "where the checkpoint goes (default: models/phaseN below the root)")
    asked = parser.parse_args(arguments)
    with plain_errors():
        params = config.load(asked.config)
        out = writable(asked.output_dir or asked.root / f"models/phase{asked.phase}")
        writable(out.parent)  # a checkpoint is made beside its place, and then takes it
        if out.is_mount():
            raise ValueError(f"{out}: is where a disk is mounted, which cannot be replaced; choose a folder below it")
        checkpoint.refuse_others(out)
        if asked.start and (asked.start / checkpoint.LLM_TOP).exists():
            raise ValueError(f"{asked.start}: was trained with other layers of the LLM (phase 3); start from before it")
        together = processes.here()
        llm = trained.frozen_llm(asked.root / "models/llm", params.llm)
        phase = phases.PHASES[asked.phase](params, llm, asked.root, asked.start)
        _same(phase.model.settings, params.model, asked)
        with phase.steps(out) as steps:
            if together.follows(steps):
                return
            with tracking.run(f"adamem-train phase{asked.phase}", params) as run:  # not the stage: its minutes are kept
                for step in steps:
                    run.log(step.number, step.values)
    print(f"wrote {out}")


def _same(before: config.Model, now: config.Model, asked: argparse.Namespace) -> None:
    """A training goes on with the model that it starts from, whatever the settings file says by now."""
    old, new = before.model_dump(), now.model_dump()
    if changed := [section for section in new if old[section] != new[section]]:
        start = asked.start or f"models/phase{asked.phase - 1}"
        raise ValueError(
            f"{asked.config}: {changed[0]} is {new[changed[0]]}, but {start} was trained with {old[changed[0]]}; train "
            "that one with these settings first, or bring the old ones back"
        )


_EVAL = """\
Score an AdaMem checkpoint: on the pipeline's four groups (A to D, from data/tasks, the default), or with --benchmarks
on public sets, each with its official metric. Every set prints a line of JSON: `n` items, our scores, and `official`.

examples:
  adamem-eval --checkpoint models/phase2
  adamem-eval --checkpoint models/phase2 --benchmarks hotpotqa narrativeqa longbench_multidoc --output_dir scores
  adamem-eval --checkpoint models/phase2 --benchmarks squad --data my/sets --limit 100    (reads my/sets/squad)
"""


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`adamem-eval --checkpoint models/phase2 [--groups A D] [--benchmarks hotpotqa ...] [--output-dir DIR]`."""
    parser = _eval_parser()
    asked = parser.parse_args(arguments)
    groups = asked.groups or ([] if asked.benchmarks else config.GROUPS)
    for option in ("data", "limit", "max_context_tokens"):
        if getattr(asked, option) is not None and not asked.benchmarks:
            parser.error(f"--{option.replace('_', '-')} is for public sets: name some with --benchmarks")
    with plain_errors():
        if asked.output_dir:
            writable(asked.output_dir)
        wanted = public.wanted(asked.benchmarks, asked.data, asked.limit, asked.max_context_tokens)
        params = config.load(asked.config)
        model = trained.load(asked.checkpoint, asked.root / "models/llm", params.llm)
        tasks = asked.root / "data/tasks"
        tests = {group: benchmark.selection(tasks / group, params.evaluation)[0] for group in groups}
        training = public.trained_on(tasks) if wanted.sets else []
        found = [public.items(one, wanted, params, model.host.tokenizer) for one in wanted.sets]
        left = [public.unseen(items, training) for items in found]
        for group, test in tests.items():
            report = benchmark.run("adamem", model, benchmark.Asked.of(test), params)
            _give(report, "group", group, asked.output_dir)
        for one, items, unseen in zip(wanted.sets, found, left, strict=True):
            report, refused = public.report(model, unseen, one, params), len(items) - len(unseen)
            _give(report, "benchmark", one.name, asked.output_dir, metric=one.metric, refused=refused)


def _eval_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adamem-eval", description=_EVAL, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a trained compressor")
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with data/ and models/ (default: here)")
    parser.add_argument("--groups", nargs="+", choices=config.GROUPS, default=[], help="groups (default: all four)")
    parser.add_argument(
        "--benchmarks", nargs="+", default=[], metavar="SET", help=f"public sets or families: {', '.join(NAMES)}"
    )
    parser.add_argument("--data", type=Path, help="folder with a folder for each set (default: the Hugging Face hub)")
    parser.add_argument("--limit", type=_positive, help="items of each set, a fixed sample (default: all)")
    parser.add_argument(
        "--max-context-tokens",
        "--max_context_tokens",
        type=_positive,
        help="longer contexts lose their middle (default: benchmarks.GROUP.max_tokens of the settings)",
    )
    _directory(parser, "where NAME.json (scores) and NAME.jsonl (answers) go (default: only print)")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return int(text)


def _give(report: benchmark.Report, what: str, name: str, folder: Path | None, **more: object) -> None:
    if folder:
        benchmark.write(folder, name, report)
    print(json.dumps({what: name, "n": report.head["n"], **more, **report.quality}))


def _directory(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--output-dir", "--output_dir", type=Path, default=None, help=text)
