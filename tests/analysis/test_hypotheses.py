"""H1, H2, H3: the verdict follows the numbers, whichever way they fall, and says what it lacks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import costs, hypotheses, quality, results, verdicts
from adamem.analysis.hypotheses import Effect, Evidence, Hypothesis
from adamem.analysis.results import Results
from adamem.evaluation.statistics import holm
from tests.analysis.conftest import made_up_cost

Level = Mapping[str, float]
Judge = Callable[[Level], dict[str, Hypothesis]]


@pytest.fixture
def judge(reports: Callable[[Level], Path], params: config.AdaMemConfig) -> Judge:
    def judged(levels: Level) -> dict[str, Hypothesis]:
        folder = reports(levels)
        found = results.read(folder / "benchmarks", folder / "tasks")
        return {one.name: one for one in hypotheses.judge(_known(params, found), made_up_cost())}

    return judged


def _known(params: config.AdaMemConfig, first: Results, *again: Results) -> Evidence:
    return Evidence(first, quality.Bootstrap.of(params), dict(enumerate(again, 2)))


def test_whether_names_are_missing_stands_beside_the_verdict_and_has_no_say(
    reports: Callable[[Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    folder = reports(levels)
    path = folder / "benchmarks/adamem/A.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(json.dumps(json.loads(line) | {"prediction": "?"}) for line in lines), encoding="utf-8")
    known = _known(params, results.read(folder / "benchmarks", folder / "tasks"))
    claims = {one.name: one for one in hypotheses.judge(known, made_up_cost())}
    h1, whole = claims["H1"], claims["H1"].whole
    assert whole is not None and (whole.metric, whole.against, whole.effect) == ("str_hit", "icae", -0.5)
    assert h1.verdict == "supported" and verdicts.tree([h1])["H1"]["str_hit"]["high"] < 0
    assert "-0.500 (" in verdicts.table([h1])


def test_clear_numbers_support_all_three(judge: Judge, levels: Level) -> None:
    found = judge(levels)
    assert [one.verdict for one in found.values()] == ["supported"] * 3
    assert found["H1"].weakest is not None and found["H1"].weakest.against == "icae"
    assert found["H2"].weakest is not None and found["H2"].weakest.against == "rag_bm25_k"
    assert [effect.group for effect in found["H3"].effects] == ["A", "B", "C", "D"]
    assert all(one.p is not None and one.p < 0.05 for one in found.values())


def test_clear_numbers_the_other_way_support_none(judge: Judge, levels: Level) -> None:
    found = judge({**levels, "adamem": 0.1, "no_context_tuned": 0.0})
    assert [one.verdict for one in found.values()] == ["not supported"] * 3


def test_equal_scores_decide_nothing(judge: Judge, levels: Level) -> None:
    found = judge({**levels, "adamem": 0.6})
    assert found["H2"].verdict == "undecided"
    assert found["H2"].weakest is not None and found["H2"].weakest.effect == 0


def test_an_opponent_that_knows_nothing_supports_nothing(judge: Judge, levels: Level) -> None:
    found = judge({**levels, "icae": 0.2, "autocompressor": 0.2, "no_context_tuned": 0.2})
    assert found["H1"].verdict == "undecided"
    assert "does not beat `no_context_tuned`" in found["H1"].why


def test_without_opponents_a_claim_stays_open(judge: Judge) -> None:
    found = judge({"adamem": 0.9})
    assert [one.verdict for one in found.values()] == ["undecided"] * 3
    assert [one.p for one in found.values()] == [None] * 3
    assert "rag_minilm_k" in found["H2"].why


def test_a_claim_that_was_not_run_does_not_make_the_others_easier(judge: Judge, levels: Level) -> None:
    arms = ("icae", "autocompressor", "adamem_query_free")
    alone = judge({name: level for name, level in levels.items() if name not in arms})
    assert alone["H1"].p is None
    raw = [one.weakest.p for one in alone.values() if one.weakest is not None]
    assert [alone[name].p for name in ("H2", "H3")] == pytest.approx(holm([1.0, *raw])[1:], abs=1e-6)


def test_a_group_that_the_full_text_was_not_asked_leaves_the_third_open(
    reports: Callable[[Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    folder = reports(levels)
    for path in folder.glob("benchmarks/full_context_tuned/C.*"):
        path.unlink()
    known = _known(params, results.read(folder / "benchmarks", folder / "tasks"))
    h3 = hypotheses.judge(known, made_up_cost())[2]
    assert (h3.verdict, h3.why) == ("undecided", "not run: full_context_tuned on C")


def test_a_reason_is_true_also_where_an_arm_is_missing(
    reports: Callable[[Level], Path], judge: Judge, levels: Level, params: config.AdaMemConfig
) -> None:
    h1 = judge({name: level for name, level in levels.items() if name != "no_context_tuned"})["H1"]
    assert (h1.verdict, h1.why) == ("undecided", "not run: no_context_tuned")
    folder = reports({name: level for name, level in levels.items() if name != "full_context_tuned"})
    shutil.rmtree(folder / "benchmarks/full_context_tuned", ignore_errors=True)
    found = results.read(folder / "benchmarks", folder / "tasks")
    h3 = hypotheses.judge(_known(params, found), made_up_cost(cached=100.0))[2]
    assert (h3.verdict, h3.why) == ("not supported", "repeated queries are not cheaper")


def test_caching_that_saves_nothing_refutes_the_third(
    reports: Callable[[Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    folder = reports(levels)
    found = results.read(folder / "benchmarks", folder / "tasks")
    slow = made_up_cost(cached=100.0)
    third = hypotheses.judge(_known(params, found), slow)[2]
    assert (third.verdict, third.why) == ("not supported", "repeated queries are not cheaper")


def _judged(first: Path, params: config.AdaMemConfig, *again: Path) -> dict[str, Hypothesis]:
    found = [results.read(folder / "benchmarks", first / "tasks") for folder in (first, *again)]
    claims = hypotheses.judge(_known(params, *found), made_up_cost())
    return {one.name: one for one in claims}


def test_trainings_that_differ_widen_the_interval_and_can_take_a_verdict_back(
    write: Callable[[str, Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    first, same = write("first", levels), write("same", levels)
    worse = write("worse", {**levels, "adamem": 0.2, "icae": 0.5})
    alone, agreed, apart = (_judged(first, params, *more)["H1"] for more in ((), (same,), (worse,)))
    assert (alone.seeds, agreed.seeds, apart.seeds) == (1, 2, 2)
    assert (alone.verdict, agreed.verdict, apart.verdict) == ("supported", "supported", "undecided")
    assert agreed.weakest is not None and apart.weakest is not None
    assert agreed.weakest.trainings == (0.4, 0.4)
    assert apart.weakest.trainings == (0.4, -0.3)
    assert apart.weakest.high - apart.weakest.low > agreed.weakest.high - agreed.weakest.low


def test_an_arm_that_is_not_told_from_ours_may_be_the_best_though_its_mean_is_further_away(
    write: Callable[[str, Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    first, again = write("first", {**levels, "autocompressor": 0.2}), write("again", {**levels, "autocompressor": 0.7})
    h1 = _judged(first, params, again)["H1"]
    assert h1.weakest is not None and h1.weakest.against == "icae" and h1.weakest.low > 0
    assert h1.verdict == "undecided" and "`autocompressor` on A holds 0" in h1.why


def _compared(**ps: float) -> Hypothesis:
    """Of comparisons with these p, whose intervals are what such p say; the first is the hardest."""
    known = {name: (0.5 - p, 0.025 - p, 0.975 - p, p, p) for name, p in ps.items()}
    effects = tuple(Effect("A", "f1", name, 1.0, 200, *five, (0.0,), (1,), None) for name, five in known.items())
    return Hypothesis("H2", "", effects[0], effects, None, "undecided", "")


def test_the_lowest_of_many_intervals_is_below_0_sooner_than_one_that_was_not_picked(
    monkeypatch: pytest.MonkeyPatch, judge: Judge, levels: Level
) -> None:
    for others, verdict in (((), "not supported"), (("b", "c"), "undecided")):
        claim = _compared(a=0.99, **dict.fromkeys(others, 0.5))
        monkeypatch.setattr(hypotheses, "_fusion", lambda known, claim=claim: claim)
        h2 = judge(levels)["H2"]
        assert h2.verdict == verdict and ("the lowest of 3" in h2.why) == bool(others)


def test_p_of_a_claim_is_that_of_its_least_certain_comparison(
    monkeypatch: pytest.MonkeyPatch, judge: Judge, levels: Level
) -> None:
    """Also where the arm that comes closest is another one, as in H1."""
    for less, verdict in ((0.0005, "supported"), (0.024, "undecided")):
        claim = _compared(closest=0.0001, surest=0.00001, less=less)
        monkeypatch.setattr(hypotheses, "_adaptive", lambda known, claim=claim: replace(claim, name="H1"))
        h1 = judge({**levels, "adamem": 0.4})["H1"]
        assert h1.p is not None and h1.p >= less
        assert h1.verdict == verdict


def test_trainings_that_were_asked_other_items_are_refused(
    write: Callable[[str, Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    first, other = write("first", levels), write("other", levels)
    for path in other.glob("benchmarks/*/A.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(lines[1:]), encoding="utf-8")
    with pytest.raises(ValueError, match="group A: adamem and icae answered other items with another seed"):
        _judged(first, params, other)


def test_an_untrained_opponent_is_the_same_in_every_training_and_a_trained_one_must_be_there(
    write: Callable[[str, Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    first, again = write("first", levels), write("again", {"adamem": 0.8})
    found = _judged(first, params, again)
    assert (found["H1"].seeds, found["H2"].seeds) == (1, 2)
    assert found["H2"].weakest is not None and found["H2"].weakest.trainings == (0.3, 0.2)


def test_the_file_has_the_agreed_names(good: Path) -> None:
    found = json.loads((good / "hypotheses_default.json").read_text(encoding="utf-8"))
    assert list(found) == ["H1", "H2", "H3"]
    for one in found.values():
        assert {"effect", "low", "high", "p", "verdict", "seeds"} <= set(one)
        assert one["low"] <= one["effect"] <= one["high"]


def test_costs_that_were_not_measured_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run stage `efficiency`"):
        costs.read(tmp_path / "efficiency.json")
    (tmp_path / "efficiency.json").write_text('{"ratios": {}}', encoding="utf-8")
    with pytest.raises(ValueError, match="run stage `efficiency`"):
        costs.read(tmp_path / "efficiency.json")


def test_costs_of_one_length_say_nothing_of_growth() -> None:
    assert "Times as long at 8,192 tokens as at 512: `full_cold` 16.0" in costs.section(made_up_cost())
    assert "Times as long" not in costs.section(made_up_cost(lengths=(512,)))


def test_a_ratio_at_a_length_nobody_measured_is_no_verdict() -> None:
    text = costs.section(made_up_cost(lengths=(64, 128)))
    assert text.count("not measured") == 4
    assert text.count("**met**") == 3


def test_an_open_verdict_says_why(judge: Judge, levels: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    without = {name: level for name, level in levels.items() if name != "full_context_tuned"}
    assert judge(without)["H3"].why == "not run: full_context_tuned"
    monkeypatch.setattr(hypotheses, "holm", lambda p_values: [0.06] * len(p_values))
    found = judge(levels)["H2"]
    assert (found.verdict, found.why) == ("undecided", "the interval is above 0, Holm's p is not below 0.05")


def test_effects_by_training_stand_under_their_headings_where_claims_have_unequal_seeds() -> None:
    claims = [_claim("H1", (0.4, 0.3, 0.2), (1, 2, 3)), _claim("H3", (-0.1, -0.2), (1, 3))]
    lines = [line for line in verdicts.trainings(claims).splitlines() if line.startswith("|")]
    cells = {row[0]: row[1:] for row in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}
    assert cells["H1"] == ["`icae`", "+0.400", "+0.300", "+0.200", "0.010", "0.5000"]
    assert cells["H3"] == ["`icae`", "-0.100", "–", "-0.200", "0.010", "0.5000"]


def _claim(name: str, trainings: tuple[float, ...], numbers: tuple[int, ...]) -> Hypothesis:
    effect = hypotheses.Effect("A", "f1", "icae", 1.0, 9, 0.1, 0.0, 0.2, 0.5, 0.5, trainings, numbers, 0.01)
    return Hypothesis(name, "a claim", effect, (effect,), 0.5, "undecided", "so")
