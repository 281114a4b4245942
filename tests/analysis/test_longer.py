"""Longer trainings are judged by the same rules, from their own answers and those of arms that nobody trains."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adamem import config
from adamem.analysis import costs, hypotheses, longer
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
ROOT = Path(__file__).parents[2]
ABOUT: dict[str, Any] = {
    "device": "H100",
    "torch": "2.11.0",
    "commit": "0" * 40,
    "settings": "0" * 12,
    "code": "0" * 12,
    "set": {"phase2.optimiser.steps": 600},
    "methods": ["adamem"],
    "seeds": ["seed0", "seed1"],
}


@pytest.fixture
def committed(reports: Writer, levels: Level) -> Path:
    """A run in which tuned retrieval is ahead, with longer trainings in which it is behind."""
    return reports({**levels, "adamem": 0.6, "adamem_query_free": 0.5, "rag_minilm_tuned": 0.7})


def _train(folder: Path, write: Callable[[str, Level], Path]) -> Path:
    answers = folder / "gpu/answers"
    scored = {"adamem": 0.95, "adamem_query_free": 0.5, "rag_minilm_tuned": 0.7, "full_context_tuned": 1.0}
    for seed in ABOUT["seeds"]:
        shutil.copytree(write(seed, scored) / "benchmarks", answers / seed)
    (answers / "about.json").write_text(json.dumps(ABOUT | {"methods": list(scored)}), encoding="utf-8")
    return answers


def _known(folder: Path, params: config.AdaMemConfig) -> Evidence:
    return Evidence(read(folder / "benchmarks", folder / "tasks"), Bootstrap.of(params))


def test_longer_trainings_have_a_verdict_of_their_own(
    committed: Path, write: Callable[[str, Level], Path], params: config.AdaMemConfig
) -> None:
    known, answers = _known(committed, params), _train(committed, write)
    found = longer.load(answers, _about(answers), committed / "tasks", known)
    h1, h2, h3 = hypotheses.judge(found, costs.read(committed / "efficiency.json"))
    assert [(one.verdict, one.seeds) for one in (h1, h2, h3)] == [("supported", 2)] * 3
    assert {effect.against for effect in h1.effects} == {"adamem_query_free"}, "the others were not trained for longer"
    assert {effect.against for effect in h2.effects} == {"rag_minilm_k", "rag_bm25_k", "rag_minilm_tuned"}
    scores = longer.scores(_about(answers), found, known)
    assert scores["adamem", "as committed"]["A"] == [0.6] and scores["adamem", "longer"]["A"] == [0.95, 0.95]
    page = longer.section(_about(answers), [h1, h2, h3], scores)
    assert "| `adamem` | longer | 0.95 [0.95, 0.95]" in page
    assert "`phase2.optimiser.steps=600`" in page


@pytest.mark.parametrize("seed", ABOUT["seeds"])
def test_an_opponent_that_a_seed_lacks_is_named(
    committed: Path, write: Callable[[str, Level], Path], params: config.AdaMemConfig, seed: str
) -> None:
    answers = _train(committed, write)
    shutil.rmtree(answers / seed / "rag_minilm_tuned")
    with pytest.raises(ValueError, match=rf"{seed}: rag_minilm_tuned is only there or only in about\.json"):
        longer.load(answers, _about(answers), committed / "tasks", _known(committed, params))


def test_without_them_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert longer.read_about(tmp_path) is None
    assert not longer.mark(tmp_path, ROOT)


def test_what_is_no_description_is_named(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text(json.dumps(ABOUT | {"seeds": []}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"(?s)about\.json: .*seeds"):
        longer.read_about(tmp_path)


def test_those_of_other_code_or_settings_are_marked(tmp_path: Path) -> None:
    made = longer.read_about(ROOT / "reports/gpu/answers")
    assert made is not None
    for change in ({"code": "0" * 12}, {"settings": "0" * 12}, {"set": {"phase2.optimiser.steps": 599}}):
        (tmp_path / "about.json").write_text(made.model_copy(update=change).model_dump_json(), encoding="utf-8")
        assert longer.mark(tmp_path, ROOT)
        assert _about(tmp_path).stale


def test_the_committed_ones_say_whether_they_are_stale(tmp_path: Path) -> None:
    shutil.copy(ROOT / "reports/gpu/answers/about.json", tmp_path)
    said = _about(tmp_path).stale
    assert longer.mark(tmp_path, ROOT) == said, "run `python -m adamem.ablate --mark`"


def _about(folder: Path) -> longer.About:
    about = longer.read_about(folder)
    assert about is not None
    return about
