"""The whole report, from answers and curves to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adamem import config
from adamem.analysis import cost_plots, costs, curve_plots, curves, hypotheses, page, plots, tables, twins, verdicts
from adamem.analysis.provenance import Provenance
from adamem.analysis.quality import Bootstrap, metrics, summarise
from adamem.analysis.results import read
from adamem.analysis.targets import bounds, targets
from adamem.data.staged import write_json, write_text


def write(
    folder: Path, tasks: Path, params: config.AdaMemConfig, seconds: Mapping[str, float], provenance: Provenance
) -> dict[str, Any]:
    """Read `benchmarks/`, `training/` and `efficiency.json` in a folder, write metrics, tables, plots and page there.

    `tasks` holds the items, which say what is resampled together; `seconds` says how long each stage took, and
    `provenance` what the answers were made with.

    The same input gives the same bytes. Returns the content of `metrics.json`.

    Raises:
        ValueError: an input is missing or malformed; the message names file, line and field.
    """
    results, training = read(folder / "benchmarks", tasks), curves.read(folder / "training")
    bootstrap = Bootstrap.of(params)
    summary = summarise(results, bootstrap)
    cost = costs.read(folder / "efficiency.json")
    claims = hypotheses.judge(hypotheses.Evidence(results, bootstrap), cost)
    judged = page.Judged(targets(results, summary), bounds(results, bootstrap), claims)
    effort = page.Effort(training, seconds, cost)

    found = metrics(summary)
    write_json(folder / "metrics.json", found)
    write_json(folder / page.VERDICTS, verdicts.tree(claims))
    tables.write_csv(folder / "tables" / "quality.csv", tables.quality_rows(results, summary, provenance))
    tables.write_csv(folder / "tables" / "counterfactual.csv", tables.counterfactual_rows(summary, provenance))
    tables.write_csv(folder / "tables" / "comparisons.csv", tables.comparison_rows(summary, provenance))
    kept, shown, _ = twins.apart(results, summary)
    plots.quality(shown, folder / "plots" / "quality.png")
    plots.tokens(kept, shown, folder / "plots" / "tokens.png")
    curve_plots.losses(training, folder / "plots" / "losses.png")
    curve_plots.validation(training, folder / "plots" / "validation.png")
    cost_plots.growth(cost, folder / "plots" / "cost_growth.png")
    cost_plots.amortised(cost, folder / "plots" / "cost_amortised.png")
    write_text(folder / "README.md", page.render(params, results, summary, judged, effort))
    return found
