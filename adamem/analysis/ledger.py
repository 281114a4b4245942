"""What `dvc.lock` says of the data, and how long the stages took.

`dvc.lock` is read as the YAML it is. DVC writes it after every stage, so that a later stage finds there what the
earlier ones made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from adamem import config
from adamem.analysis import tables
from adamem.analysis.provenance import short_hash
from adamem.data.staged import write_json, write_text

TIMINGS = "timings.json"
RECORDER = "record"  # its own outputs must not change the key it records
BESIDE = (  # hold durations, or the commit that they were made with
    "reports/tables",
    "reports/training",
    "reports/efficiency",
    "reports/README.md",
    "reports/plots",
    "reports/hypotheses_default.json",
)


@dataclass(frozen=True)
class Lock:
    """The md5 of every output, by path, and the names of the stages."""

    stages: tuple[str, ...]
    outputs: Mapping[str, str]


def read(path: Path) -> Lock:
    """Stages and outputs of a `dvc.lock`.

    Raises:
        ValueError: there is none.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); run `dvc repro`, which writes it") from error
    stages = {name: stage for name, stage in tree["stages"].items() if name != RECORDER}
    outputs = [output for stage in stages.values() for output in stage.get("outs", ())]
    return Lock(tuple(stages), {output["path"]: str(output.get("md5", "")) for output in outputs})


def key(lock: Lock, params: config.AdaMemConfig) -> str:
    """The same for the same settings, data, models and answers, else another: 12 hex digits.

    Curves and costs hold durations, and what is made of them does, too; tables name the commit: they tell runs apart
    that found the same.
    """
    found = {path: md5 for path, md5 in lock.outputs.items() if not path.startswith(BESIDE)}
    text = json.dumps([found, params.model_dump(mode="json")], sort_keys=True)
    return short_hash(text)


def seconds(folder: Path, lock: Lock, last: Mapping[str, float]) -> dict[str, float]:
    """How long each stage of `lock` took: as `last` knows, or else `timings.json` in the folder.

    Stages come from caches and from other machines, too, so a missing time is no reason to forget a known one.
    """
    path = folder / TIMINGS
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = {**before, **last}
    return {stage: found[stage] for stage in sorted(lock.stages) if stage in found}


def write_minutes(folder: Path, known: Mapping[str, float]) -> None:
    """Refresh `timings.json` and `minutes.md`."""
    write_json(folder / TIMINGS, known)
    write_text(folder / "minutes.md", _page(known))


def _page(seconds: Mapping[str, float]) -> str:
    rows = [[f"`{stage}`", f"{value / 60:.1f}"] for stage, value in seconds.items()]
    rows.append(["**sum**", f"**{sum(seconds.values()) / 60:.1f}**"])
    head = (
        "# Minutes per stage\n\nWritten by stage `record`: how long each stage took when it last ran to its end. "
        "A stage without a time has only ever come from DVC's cache.\n\n"
    )
    return head + tables.markdown(["stage", "minutes"], rows) + "\n"
