"""H1 and H2 on another draw of the items are judged from these alone, by the rules that hold for all others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, draws, fresh, kept
from adamem.analysis.ablations import Row
from adamem.analysis.kept import Kept
from adamem.analysis.methods import WRITTEN
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read
from tests.analysis.weighed import ARMS, weigh

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
Named = Callable[[str, Level], Path]
TRAINED = {"adamem": 0.9, "rag_minilm_tuned": 0.5}
FREE = {"adamem_query_free": 0.4}
ASKED = [  # by each of the trainings
    TRAINED | FREE | {"rag_minilm_k": 0.3, "rag_bm25_k": 0.2, "no_context_tuned": 0.1},
    TRAINED | FREE,
    TRAINED,
]
DRAW = "seed=1"
COST = json.loads('{"lengths": {}}')


@pytest.fixture
def answers(tmp_path: Path, write: Named) -> Path:
    """What three trainings answered, the later ones by what is trained alone, and the items of their draw."""
    folder = tmp_path / "ablations/answers"
    for number, scored in enumerate(ASKED):
        made = write(f"made{number}", scored)
        shutil.move(made / "benchmarks", folder / f"fresh{number}")
        shutil.copytree(made / "tasks", folder / draws.ITEMS / DRAW, dirs_exist_ok=True)
    return folder


@pytest.fixture
def rows(row: Callable[..., Row], answers: Path) -> list[Row]:
    return [
        row(f"fresh{number}", about=ablations.FRESH, changes=f"{DRAW} training_seed={number}", method=method)
        for number, scored in enumerate(ASKED)
        for method in scored
    ]


@pytest.fixture
def judged(reports: Writer, levels: Level, params: config.AdaMemConfig, answers: Path) -> Callable[[list[Row]], Path]:
    """A `reports/` whose committed run is behind tuned retrieval, weighed beside these rows of the table."""

    def of(rows: list[Row]) -> Path:
        folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), "rag_minilm_tuned": 1.0, "adamem": 0.5})
        ablations.write(folder / "ablations/ablations.csv", rows)
        assert weigh(folder, params)["H2"]["verdict"] == "not supported"
        return folder / "evidence"

    return of


def test_fresh_items_have_a_verdict_of_their_own(judged: Callable[[list[Row]], Path], rows: list[Row]) -> None:
    folder = judged(rows)
    found = json.loads((folder / fresh.FILE).read_text(encoding="utf-8"))
    assert {name: (one["verdict"], one["seeds"]) for name, one in found.items()} == {
        "H1": ("supported", 2),
        "H2": ("supported", 3),
    }, "nobody was asked what H3 needs"
    assert [one["effect"] for one in found.values()] == pytest.approx([0.9 - 0.4, 0.9 - 0.5])
    assert {one["against"] for one in found["H2"]["effects"]} == {"rag_minilm_tuned", "rag_minilm_k", "rag_bm25_k"}
    page = _section(folder)
    assert (
        "`seed=1`; 3 training seeds" in page
        and "No verdict" not in page
        and "| `adamem` | fresh | 3 | 0.90 (0.90 to 0.90)" in page
    )


@pytest.mark.parametrize(("lacking", "open_ones"), [("fresh2", ["H2"]), ("fresh1", ["H1", "H2"])])
@pytest.mark.parametrize("stale", [False, True], ids=["not run", "stale"])
def test_no_verdict_on_a_claim_before_its_planned_trainings_are_there(
    judged: Callable[[list[Row]], Path], rows: list[Row], lacking: str, open_ones: list[str], stale: bool
) -> None:
    old = [row.model_copy(update={"stale": True}) for row in rows if row.experiment == lacking]
    folder = judged([row for row in rows if row.experiment != lacking] + (old if stale else []))
    found = json.loads((folder / fresh.FILE).read_text(encoding="utf-8"))
    assert set(found) == set(fresh.PLANNED) - set(open_ones)
    page = _section(folder)
    assert f"No verdict yet on {' and '.join(open_ones)}: " in page and "; 2 training seeds" in page
    assert ("**supported**" in page) == bool(found)


def test_an_opponent_that_is_asked_later_opens_the_verdict_again(
    judged: Callable[[list[Row]], Path], rows: list[Row], row: Callable[..., Row], answers: Path, write: Named
) -> None:
    """It is trained, with one of the seeds so far, then with all."""
    later = [_asked_later(answers, write, row, number) for number in range(3)]
    folder = judged([*rows, later[0]])
    assert set(json.loads((folder / fresh.FILE).read_text(encoding="utf-8"))) == {"H1"}
    assert "No verdict yet on H2: " in _section(folder) and fresh.ADDED in _section(folder)
    folder = judged([*rows, *later])
    found = json.loads((folder / fresh.FILE).read_text(encoding="utf-8"))
    assert (found["H2"]["verdict"], found["H2"]["seeds"]) == ("undecided", 3)
    assert (
        "Of the opponents that are trained, `icae`, `autocompressor`, `mean_pool`, `rag_bm25_tuned` were not asked"
        in (_section(folder))
    )


def test_an_opponent_that_the_first_training_lacks_is_refused(
    judged: Callable[[list[Row]], Path], rows: list[Row], row: Callable[..., Row], answers: Path, write: Named
) -> None:
    """It would be left out in silence, and the old verdict would stand."""
    later = _asked_later(answers, write, row, 1)
    with pytest.raises(ValueError, match="seed 1 has rag_minilm_written, which seed 0 lacks"):
        judged([*rows, later])


def _asked_later(answers: Path, write: Named, row: Callable[..., Row], number: int) -> Row:
    """Retrieval with written vectors, as good as ours, in a training of its own; its row of the table."""
    made = write(f"later{number}", {WRITTEN: TRAINED["adamem"]}) / "benchmarks"
    for path in made.glob(f"{WRITTEN}/*.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"trainable_parameters": 0', '"trainable_parameters": 9'), encoding="utf-8")
    name = f"fresh{number}_written"
    shutil.move(made, answers / name)
    return row(name, about=ablations.FRESH, changes=f"{DRAW} training_seed={number}", method=WRITTEN)


def test_answers_of_older_code_have_no_say(judged: Callable[[list[Row]], Path], rows: list[Row]) -> None:
    folder = judged([row.model_copy(update={"stale": True}) for row in rows])
    assert json.loads((folder / fresh.FILE).read_text(encoding="utf-8")) == {}
    assert _section(folder).strip().startswith("Out of date")


def _section(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8").split(f"## {fresh.TITLE}")[1].split("\n## ")[0]


def test_what_the_draws_have_in_common_is_counted(
    reports: Writer, levels: Level, answers: Path, rows: list[Row], params: config.AdaMemConfig
) -> None:
    folder, draw = reports(levels), Bootstrap.of(params)
    path = folder / "benchmarks/adamem/A.jsonl"
    text = path.read_text(encoding="utf-8").replace("<country 0>", "<country 99>")
    text = text.replace('"Lima","the', '"Oslo","the', 2)
    shuffled = text.replace('["Lima","the city of Lima"]', '["the city of Lima","Lima"]')
    assert shuffled != text, "a list that is the same in another order"
    path.write_text(shuffled, encoding="utf-8")
    for part in (folder / "tasks/A").glob("*.jsonl"):
        part.write_text(part.read_text(encoding="utf-8").replace("country:19", "country:99"), encoding="utf-8")
    old = kept.one_of({1: read(folder / "benchmarks", folder / "tasks")}, draw)
    page = fresh.weigh(Kept(answers, rows, folder / "tasks"), old, draw, COST).section
    assert "| A | 19 of 20 | 39 of 40 | 38 of 40 |" in page and "| B | 20 of 20 | 40 of 40 | 40 of 40 |" in page


def test_answers_are_held_against_the_items_of_their_draw(
    reports: Writer, levels: Level, answers: Path, rows: list[Row], params: config.AdaMemConfig
) -> None:
    tasks, items = reports(levels) / "tasks", answers / draws.ITEMS / DRAW
    (items / "A/test.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="40 answers, A-test-00000 first, belong to no item"):
        fresh.weigh(Kept(answers, rows, tasks), None, Bootstrap.of(params), COST)
    shutil.rmtree(items)
    with pytest.raises(ValueError, match=rf"{DRAW}: the items of fresh0 are not there; .*adamem\.ablate fresh0"):
        fresh.weigh(Kept(answers, rows, tasks), None, Bootstrap.of(params), COST)


def test_trainings_on_items_of_two_draws_are_never_put_together(
    reports: Writer, levels: Level, answers: Path, rows: list[Row], params: config.AdaMemConfig
) -> None:
    """Their ids are the same."""
    tasks, other = reports(levels) / "tasks", answers / draws.ITEMS / "seed=2"
    shutil.copytree(answers / draws.ITEMS / DRAW, other)
    path = other / "B/test.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("country:1", "country:7"), encoding="utf-8")
    mixed = [
        row.model_copy(update={"changes": "seed=2 training_seed=2"}) if row.experiment == "fresh2" else row
        for row in rows
    ]
    with pytest.raises(ValueError, match="the training with seed 2 was asked items of another draw"):
        fresh.weigh(Kept(answers, mixed, tasks), None, Bootstrap.of(params), COST)


def test_methods_that_were_asked_items_of_two_draws_are_never_compared(reports: Writer, levels: Level) -> None:
    folder = reports(levels)
    path = folder / "benchmarks/icae/A.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("<country 3>", "<country 99>"), encoding="utf-8")
    results = read(folder / "benchmarks", folder / "tasks")
    with pytest.raises(ValueError, match=r"group A: adamem and icae were asked other questions .* A-test-00003 first"):
        results.pairs("adamem", "icae", "A", "f1")
