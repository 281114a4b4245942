"""Ablations and further seeds as DVC experiments: `python -m adamem.ablate [NAME ...]`, or `make ablations`.

Queues what `stages/ablations/experiments.yaml` lists and `reports/ablations/ablations.csv` does not have yet, or has of
other code or settings; runs the queue; collects the scores. Stages that an experiment shares with another, or with the
committed run, come from DVC's cache. Interrupted, it goes on with what is left: finished experiments are kept by DVC.
Without a GPU those that would take hours there are left out unless they are named.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from adamem import config, harvest
from adamem.analysis import ablations, staleness
from adamem.analysis.ablations import Experiment, Row
from adamem.analysis.provenance import short_hash
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import Results, read
from adamem.harvest import EVIDENCE, LISTED, REPORTS, TASKS
from adamem.models import host
from adamem.tracking import experiments as queued

ROOT = Path()
RECORDED = ("adamem", "stages", "params.yaml", "dvc.yaml", ":(exclude)stages/ablations")  # rows name their commit
TABLE = Path("reports/ablations/ablations.csv")


@dataclass(frozen=True)
class Committed:
    """What experiments are held against, and the commit they are queued on."""

    results: Results
    bootstrap: Bootstrap
    commit: str
    code: str

    @classmethod
    def here(cls) -> Committed:
        """
        Raises:
            ValueError: the committed run is not in this checkout, or code or settings are not as committed.
        """
        if not any(TASKS.glob("*/test.jsonl")):
            raise ValueError(f"{TASKS}: no items there; run `dvc repro tasks` first")
        evidence = [Path(EVIDENCE)] if any(Path(EVIDENCE).glob("*/*.json")) else []
        if changed := queued.uncommitted(RECORDED):
            raise ValueError(f"{changed[0]}: not as committed, and experiments are recorded by commit; commit it first")
        results = read(Path(REPORTS), TASKS, *evidence)
        return cls(results, Bootstrap.of(config.load()), queued.head(), staleness.code_hash(ROOT))


@dataclass(frozen=True)
class Wanted:
    """What is missing of an experiment: its methods, the stages that ask them, and the hash of the settings they are
    asked with. DVC has it under `title`, which is another one for other settings or methods."""

    experiment: Experiment
    methods: Sequence[str]
    targets: Sequence[str]
    settings: str
    title: str

    @classmethod
    def of(cls, name: str, experiment: Experiment, methods: Sequence[str]) -> Wanted:
        """
        Raises:
            ValueError: no stage asks one of the methods, or `params.yaml` has none of the sections that are changed.
        """
        settings = staleness.settings_hash(ROOT, experiment.set)
        targets = harvest.targets(experiment, methods)
        return cls(experiment, methods, targets, settings, f"{name}-{short_hash(' '.join([settings, *targets]))}")


def run(names: Sequence[str], jobs: int) -> list[str]:
    """Run and collect what is missing of the experiments named (where none is, of all that this machine is up to); what
    DVC calls those that failed.

    Raises:
        ValueError: an unknown name, no job at a time, nothing to compare with, or changes that are not committed;
            before anything is queued.
    """
    if jobs < 1:
        raise ValueError(f"--jobs {jobs}: at least one experiment at a time")
    listed = ablations.read_experiments(LISTED)
    if unknown := [name for name in names if name not in listed]:
        raise ValueError(f"{LISTED}: no experiment {unknown[0]!r}; there are: {', '.join(listed)}")
    committed = Committed.here()
    lacking = missing(listed)
    suiting = names or affordable(listed, lacking)
    chosen = [name for name in suiting if lacking[name]]
    if there := [name for name in suiting if not lacking[name]]:
        print(f"in {TABLE} already, of these settings and code that gives the same: {', '.join(there)}")
    wanted = {name: Wanted.of(name, listed[name], lacking[name]) for name in chosen}
    _run([one for one in wanted.values() if queued.revision(one.title, committed.commit) is None], committed, jobs)
    failed = []
    for name, one in wanted.items():
        if revision := queued.revision(one.title, committed.commit):
            collect(name, one, revision, committed, listed)
        else:
            failed.append(one.title)
    compare(committed, listed)
    return failed


def _run(open_ones: Sequence[Wanted], committed: Committed, jobs: int) -> None:
    """Queue what is not queued already, and run the queue."""
    if not open_ones:
        return
    waiting = queued.waiting()
    for one in open_ones:
        if waiting.get(one.title) != committed.commit:
            queued.queue(one.title, one.experiment.set, one.targets)
    ours = {one.title for one in open_ones}
    if others := [title for title, commit in waiting.items() if title not in ours or commit != committed.commit]:
        print(f"queued before, run too, and not collected: {', '.join(others)}; `dvc queue remove` takes one out")
    queued.run_queue(jobs)


def collect(name: str, wanted: Wanted, revision: str, committed: Committed, listed: Mapping[str, Experiment]) -> None:
    """Put what methods scored in a finished experiment into the table, in the order of the list."""
    experiment = wanted.experiment
    results = harvest.keep(name, experiment, wanted.methods, revision)
    head = {"experiment": name, "about": experiment.about, "changes": experiment.changes}
    head |= {"device": _device(), "commit": committed.commit}
    head |= {"settings": wanted.settings, "code": committed.code}
    before = None if experiment.draw else committed.results
    found = [
        Row.model_validate({**head, "method": method, **scored})
        for method in wanted.methods
        for scored in ablations.score(results, before, method, committed.bootstrap)
    ]
    ablations.write(TABLE, ablations.merged(ablations.read(TABLE), found, listed))


def compare(committed: Committed, listed: Mapping[str, Experiment]) -> None:
    """Give their differences to rows that were collected before the committed run had their method, where answers are
    kept."""
    rows, known = ablations.read(TABLE), committed.results.methods
    lacking = {(row.experiment, row.method) for row in rows if not (row.draw or row.stale) and row.difference is None}
    kept = [name for name, one in listed.items() if "answers" in one.keep]
    for name, method in sorted(lacking):
        if name in kept and method in known and harvest.is_kept(name, listed[name], method):
            found = ablations.score(read(harvest.ANSWERS / name, TASKS), committed.results, method, committed.bootstrap)
            scored = {one["group"]: one for one in found}
            rows = [
                row.model_copy(update=scored[row.group]) if (row.experiment, row.method) == (name, method) else row
                for row in rows
            ]
            ablations.write(TABLE, rows)


def affordable(listed: Mapping[str, Experiment], lacking: Mapping[str, Sequence[str]]) -> list[str]:
    """All experiments, but for those that need a GPU where there is none; what is left out is said."""
    without = not torch.cuda.is_available()
    left = [name for name, one in listed.items() if one.gpu and without]
    if missing := [name for name in left if lacking[name]]:
        print(f"left out without a GPU: {', '.join(missing)}; name them to run them all the same")
    return [name for name in listed if name not in left]


def _device() -> str:
    """What trains here, with the type that `llm.dtype: auto` stands for, where that is not bfloat16."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    dtype = host.resolve_dtype("auto")
    return name if dtype == torch.bfloat16 else f"{name}, {str(dtype).removeprefix('torch.')}"


def missing(listed: Mapping[str, Experiment]) -> dict[str, list[str]]:
    """By experiment, the methods that the table does not have, or has of other code or settings, or whose answers or
    curves are to be kept and are not there."""
    rows = staleness.mark(ablations.read(TABLE), listed, ROOT)
    current = {(row.experiment, row.method) for row in rows if not row.stale}
    there = {(name, method) for name, method in current if harvest.is_kept(name, listed[name], method)}
    return {name: [method for method in one.ask if (name, method) not in there] for name, one in listed.items()}


def mark() -> list[Row]:
    """Say in the table which rows are stale; those rows."""
    rows = staleness.mark(ablations.read(TABLE), ablations.read_experiments(LISTED), ROOT)
    ablations.write(TABLE, rows)
    return [row for row in rows if row.stale]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m adamem.ablate", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument(
        "names", nargs="*", help=f"experiments of {LISTED}; where none is named, all that suit this machine"
    )
    parser.add_argument("--jobs", type=int, default=2, help="experiments at a time, which share the CPUs (default: 2)")
    parser.add_argument("--mark", action="store_true", help="run nothing; say in the table which rows are out of date")
    arguments = parser.parse_args()
    try:
        if arguments.mark:
            print(f"{TABLE}: {len(mark())} rows speak of other code or settings than this tree has")
            return
        failed = run(arguments.names, arguments.jobs)
    except ValueError as error:
        raise SystemExit(f"adamem.ablate: {error}") from error
    if failed:
        raise SystemExit(f"adamem.ablate: without a result: {', '.join(failed)}; `dvc queue logs NAME` says why")


if __name__ == "__main__":
    main()
