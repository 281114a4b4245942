"""The plan as a whole: what it counts, how it answers to settings and cards, and what it prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from adamem import config, plan
from adamem.planning import formula, planned, shape
from adamem.planning import work as works
from adamem.planning.gpus import GPUS
from adamem.planning.planned import Device
from adamem.planning.shape import LlmShape
from adamem.profile import apply
from tests import tiny

H100 = Device(GPUS["h100"], 0.3)


@pytest.fixture(scope="module")
def shape_of_tiny(llm_folder: Path) -> LlmShape:
    return shape.find(
        config.Llm(source=config.LlmFolder(kind="folder", path=str(llm_folder)), dtype="auto", feature_cache=0), None
    )


def seconds(llm: LlmShape, *changes: dict[str, Any], device: Device = H100) -> float:
    return sum(one.seconds(device) for one in planned.all_of(tiny.settings(*changes), llm, 16))


def test_a_formula_is_worth_what_it_says() -> None:
    assert formula.evaluate("2*a + b**2 - (a - 1)", {"a": 3, "b": 5}) == 29
    assert formula.pretty("2*a + b**2") == "2·a + b²"
    assert formula.used("2*a + Lq*(b - 1)") == {"a", "Lq", "b"}
    with pytest.raises(AssertionError, match="no part of a formula"):
        formula.evaluate("print(1)", {})


def test_phase_1_of_the_gpu_profile_reads_as_many_tokens_as_it_says(tmp_path: Path) -> None:
    """profiles/gpu.yaml promises about 1.3 B."""
    params = _copied(tmp_path)
    apply("gpu", params, tiny.ROOT / "profiles")
    first = works.works(config.load(params))[0]
    assert first.teacher
    assert round(first.optimiser.steps * first.examples * first.tokens / 1e9, 1) == 1.3


def test_a_random_start_has_no_selector_to_train() -> None:
    named = [work.name for work in works.works(tiny.settings({"resampler": {"start": "random"}}))]
    assert named == ["phase1", "phase2", "phase3"]
    assert [work.name for work in works.works(tiny.settings())][1] == "phase2.selector"


def test_validations_are_counted_as_the_trainer_makes_them() -> None:
    """Before the first step, after steps 3, 6 and 7."""
    few = {"steps": 7, "validate_every": 3, "validation_examples": 5}
    assert works.works(tiny.settings({"phase1": {"optimiser": few}}))[0].validated == 4 * 5


def test_time_grows_with_the_work_and_falls_with_the_card(shape_of_tiny: LlmShape) -> None:
    usual = seconds(shape_of_tiny)
    longer = {"phase2": {"optimiser": {"steps": 4000, "validate_every": 4000}}}
    assert seconds(shape_of_tiny, longer) > usual
    assert seconds(shape_of_tiny, device=replace(H100, utilisation=0.15)) == pytest.approx(2 * usual)
    assert seconds(shape_of_tiny, device=Device(GPUS["a100"], 0.3)) > usual
    assert seconds(shape_of_tiny, {"llm": {"dtype": "float32"}}) > usual


def test_memory_grows_by_the_batch_and_not_by_accumulation(shape_of_tiny: LlmShape) -> None:
    def peak(**optimiser: int) -> int:
        return planned.all_of(tiny.settings({"phase1": {"optimiser": optimiser}}), shape_of_tiny, 16)[0].need.peak

    usual = planned.all_of(tiny.settings(), shape_of_tiny, 16)[0].need
    assert peak(batch_size=16) - peak(batch_size=8) == 8 * usual.example
    assert peak(accumulate=4) == peak(accumulate=1)
    fits = usual.rows_that_fit(1e9)
    assert usual.fixed + fits * usual.example <= 0.9e9 < usual.fixed + (fits + 1) * usual.example
    assert usual.rows_that_fit(1.0) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chunk_encoder": {"feature_layers": 9}}, r"chunk_encoder\.feature_layers is 9, but the LLM has 3 layers"),
        ({"phase3": {"unfrozen_layers": 4}}, r"phase3\.unfrozen_layers is 4, but the LLM has 3 layers"),
    ],
)
def test_more_layers_than_there_are_is_refused(shape_of_tiny: LlmShape, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        planned.all_of(tiny.settings(changes), shape_of_tiny, 16)


@pytest.mark.parametrize("name", sorted(GPUS))
def test_cards_are_dense_peaks_in_plain_units(name: str) -> None:
    gpu = GPUS[name]
    assert 1e14 < gpu.bfloat16 < 3e15
    assert gpu.float32 < gpu.bfloat16
    assert 2e10 < gpu.memory < 2e11
    assert gpu.source


@pytest.mark.parametrize(
    "changes", [{}, {"interface": {"kind": "deep_prompt"}}, {"interface": {"kind": "prefix_kv", "hidden": 16}}]
)
def test_the_page_has_every_training_and_every_letter(
    tmp_path: Path, llm_folder: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    path = tmp_path / "params.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(tiny.settings(changes).model_dump(mode="json"), file)
    plan.main(["--config", str(path), "--llm-config", str(llm_folder), "--gpu", "l4", "--utilisation", "0.2"])
    said = capsys.readouterr().out
    for word in ("NVIDIA L4", "20% of the peaks", "data sheet", "PHASE1", "PHASE2.SELECTOR", "PHASE3", "stage teacher"):
        assert word in said
    listed = {line.split()[0] for line in said.split("LETTERS")[1].splitlines()[1:]}
    formulas = said.split("FORMULAS")[1].split("bytes throughout")[0]
    in_use = {word for word in works.LETTERS if f"·{word}·" in formulas or f"·{word} " in formulas}
    assert in_use <= listed
    assert "batch_size" in said


def test_a_batch_that_does_not_fit_is_told(
    tmp_path: Path, llm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "params.yaml"
    with path.open("w", encoding="utf-8") as file:
        huge = {"phase1": {"optimiser": {"batch_size": 10**7}}}
        YAML(typ="safe", pure=True).dump(tiny.settings(huge).model_dump(mode="json"), file)
    plan.main(["--config", str(path), "--llm-config", str(llm_folder)])
    assert "DOES NOT FIT" in capsys.readouterr().out.split("PHASE2")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--utilisation", "1.5"], "--utilisation 1.5"),
        (["--question-tokens", "0"], "--question-tokens 0"),
        (["--llm-config", "nowhere"], "nowhere: no config.json"),
    ],
)
def test_mistakes_end_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _copied(tmp_path)
    with pytest.raises(SystemExit) as caught:
        plan.main(arguments)
    assert str(caught.value).startswith("adamem.plan: ") and said in str(caught.value)


def test_a_setting_that_cannot_be_is_named(tmp_path: Path) -> None:
    path = _copied(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("n_fused: 6", "n_fused: 60"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"resampler: .*n_fused 60"):
        plan.main(["--config", str(path)])


def test_an_unknown_card_is_refused_with_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        plan.main(["--gpu", "abacus"])
    assert "h100" in capsys.readouterr().err


def _copied(folder: Path) -> Path:
    path = folder / "params.yaml"
    path.write_text((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path
