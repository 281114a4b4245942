"""The experiments beside the committed run, and `reports/ablations/ablations.csv`: what each of them scored."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from adamem.analysis import draws
from adamem.analysis.quality import DIGITS, Bootstrap
from adamem.analysis.results import Results, required
from adamem.analysis.tables import gap, write_csv
from adamem.evaluation.statistics import mean_interval, paired_bootstrap

FLOAT32 = "llm.dtype=float32"  # a change
# what experiments are about whose answers the evidence weighs
SEED, LONGER, LEAD, FRESH = "training seed", "longer training", "lead over retrieval", "fresh items"
PARTS, DEEP, LISTS = "parts of the compressor", "prompts in every layer", "lists of four names"
TYPE = "type of the LLM"  # and the committed settings again in another one

EMPTY = {"changes": ""}  # what an empty cell of the table means, where that is not None

Changes = dict[str, bool | int | float | str | list[int] | None]  # by dotted key; None takes one away


class Experiment(BaseModel):
    """What differs from `params.yaml` (`set`; null takes a key away), the methods asked, what it is about, what is kept
    beside the scores, and whether it takes hours where there is no GPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    set: Changes
    ask: tuple[str, ...] = Field(min_length=1)
    keep: tuple[Literal["answers", "curves", "parts"], ...] = ()
    gpu: bool = False

    @property
    def changes(self) -> str:
        changed = (f"{key.lstrip('+')}={value}" for key, value in self.set.items() if value is not None)
        return " ".join(change.replace(" ", "") for change in changed)

    @property
    def draw(self) -> str:
        """What makes its items others than those of the committed run; empty where they are the same."""
        return draws.draw(self.changes)


class Row(BaseModel):
    """One method in one group: its main metric, the difference to the committed run where that has the method and was
    asked the same items, and what it was made with; `device` is the name of a GPU, or "cpu", with the type of the LLM
    where that is not bfloat16."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str
    about: str
    changes: str
    method: str
    group: str
    metric: str
    n: int
    value: float
    low: float
    high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    decoder_tokens: float
    device: str
    commit: str
    settings: str
    code: str
    stale: bool = False

    @property
    def float32(self) -> bool:
        """Whether the LLM was in float32, by its setting or as what `auto` stands for on the device."""
        return "float32" in self.device or FLOAT32 in self.changes

    @property
    def seed(self) -> int:
        """The training seed; 0 where the experiment names none."""
        found = re.search(r"\btraining_seed=(\d+)", self.changes)
        return int(found[1]) if found else 0

    @property
    def draw(self) -> str:
        """As that of its experiment."""
        return draws.draw(self.changes)

    @property
    def gap(self) -> str:
        """The difference and its interval; empty where there is none."""
        if self.difference is None or self.difference_low is None or self.difference_high is None:
            return ""
        return gap(self.difference, self.difference_low, self.difference_high)


def read_experiments(path: Path) -> dict[str, Experiment]:
    """The experiments by name.

    Raises:
        ValueError: the file is missing, or an entry is not an experiment; the message names file and entry.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return {name: Experiment.model_validate(entry) for name, entry in (tree or {}).items()}
    except (YAMLError, AttributeError) as error:
        raise ValueError(f"{path}: not a list of experiments by name ({error})") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); run from the repository root") from error
    except ValidationError as error:
        raise ValueError(f"{path}: {error}") from error


def read(path: Path) -> list[Row]:
    """All rows; none where nothing was run.

    Raises:
        ValueError: a line is not a row; the message names file and line.
    """
    if not path.is_file():
        return []
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for number, line in enumerate(csv.DictReader(stream), 2):
            try:
                rows.append(Row.model_validate({key: value or EMPTY.get(key) for key, value in line.items()}))
            except ValidationError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
    return rows


def write(path: Path, rows: Sequence[Row]) -> None:
    """All rows, in the order given."""
    write_csv(path, [row.model_dump() for row in rows])


def merged(known: Sequence[Row], found: Sequence[Row], listed: Mapping[str, Experiment]) -> list[Row]:
    """The table with what was found in place of what it had, in the order of the list, without what is not listed."""
    order = [(name, method) for name, one in listed.items() for method in one.ask]
    new = {(row.experiment, row.method) for row in found}
    kept = [row for row in known if (row.experiment, row.method) not in new]
    rows = [row for row in [*kept, *found] if (row.experiment, row.method) in order]
    return sorted(rows, key=lambda row: order.index((row.experiment, row.method)))


def score(results: Results, committed: Results | None, method: str, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """What a method scored in each group of an experiment, and against its own scores in the committed run where that
    was asked the same items."""
    return [_score(results, committed, method, group, bootstrap) for group in results.groups]


def _score(
    results: Results, committed: Results | None, method: str, group: str, bootstrap: Bootstrap
) -> dict[str, Any]:
    metric = results.metric(group)
    pairs = None if committed is None else results.pairs(method, method, group, metric, committed)
    own = results.by_key[method, group]
    values, clusters = [required(row, metric) for row in own.originals], results.clusters(own.originals)
    mean = mean_interval(values, clusters, bootstrap.resamples, bootstrap.rng(f"{method} {group}"))
    found = {"value": mean.mean, "low": mean.low, "high": mean.high}
    if pairs is not None:
        rng = bootstrap.rng(f"{method} {group} difference")
        drawn = paired_bootstrap(pairs.a, pairs.b, pairs.clusters, bootstrap.resamples, rng)
        found |= {"difference": drawn.difference, "difference_low": drawn.low, "difference_high": drawn.high}
    else:
        found |= dict.fromkeys(("difference", "difference_low", "difference_high"))
    rounded = {key: None if value is None else round(value, DIGITS) for key, value in found.items()}
    return {"group": group, "metric": metric, "n": len(values), **rounded, "decoder_tokens": own.cost.decoder_tokens}
