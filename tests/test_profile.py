"""Profiles: they change what they name, keep comments, refuse what is unknown, and can be undone byte by byte."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from adamem import profile
from adamem.config import load

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))


@pytest.fixture()
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the committed settings and profiles; it is also the working directory."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def overlay(place: Path, name: str, text: str) -> None:
    (place / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def test_the_committed_settings_are_the_embedded_profile(place: Path) -> None:
    before = (place / "params.yaml").read_bytes()
    assert profile.apply("embedded") == [], "run `python -m adamem.profile embedded --save` after changing params.yaml"
    assert (place / "params.yaml").read_bytes() == before


def test_embedded_names_exactly_what_the_others_change(place: Path) -> None:
    """So no profile leaves a trace behind, and nothing is said twice without need."""
    committed = (place / "profiles" / "embedded.yaml").read_bytes()
    profile.save("embedded")
    assert (place / "profiles" / "embedded.yaml").read_bytes() == committed


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_loads_and_is_undone_to_the_byte(place: Path, name: str) -> None:
    before = (place / "params.yaml").read_bytes()
    profile.apply(name)
    load(place / "params.yaml")
    profile.apply("embedded")
    assert (place / "params.yaml").read_bytes() == before


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
def test_only_the_last_profile_counts(place: Path, names: list[str]) -> None:
    """As values: a comment may move to the right where a value has pushed it."""
    for name in names:
        profile.apply(name)
    after_many = read(place / "params.yaml")
    shutil.copy(ROOT / "params.yaml", place)
    profile.apply(names[-1])
    assert after_many == read(place / "params.yaml")


def test_it_says_what_changed_and_keeps_comments(place: Path) -> None:
    before = load(place / "params.yaml").resampler.n_latents
    overlay(place, "mine", "resampler: {n_latents: 96}\n")
    assert profile.apply("mine") == [f"resampler.n_latents: {before} -> 96"]
    line = next(row for row in (place / "params.yaml").read_text().splitlines() if "n_latents" in row)
    assert line.startswith("  n_latents: 96 ")
    assert "# K, memory tokens" in line


def test_the_gpu_profile_has_the_planned_sizes(place: Path) -> None:
    profile.apply("gpu")
    found = load(place / "params.yaml")
    assert found.resampler.n_latents == 32
    assert (found.chunk_encoder.summary_states, found.chunk_encoder.chunk_size) == (64, 256)
    assert found.llm.source.kind == "hub"
    assert found.data.corpus.kind == "fineweb"
    teacher, optimiser = found.phase1.teacher, found.phase1.optimiser
    window = teacher.context_tokens + teacher.prefix_tokens + teacher.continuation_tokens
    assert 1e9 <= optimiser.steps * optimiser.batch_size * optimiser.accumulate * window <= 2e9


def test_another_kind_replaces_the_section(place: Path) -> None:
    overlay(place, "mine", "projection: {kind: mlp, hidden: 64}\n")
    profile.apply("mine")
    assert read(place / "params.yaml")["projection"] == {"kind": "mlp", "hidden": 64}
    overlay(place, "mine", "projection: {kind: linear}\n")
    profile.apply("mine")
    assert read(place / "params.yaml")["projection"] == {"kind": "linear"}


def test_the_same_kind_is_merged(place: Path) -> None:
    overlay(place, "mine", "data: {corpus: {kind: wheels, plays_limit: 5}}\n")
    before = read(place / "params.yaml")
    profile.apply("mine")
    before["data"]["corpus"]["plays_limit"] = 5
    assert read(place / "params.yaml") == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resampler: {n_latent: 64}\n", r"mine\.yaml: resampler\.n_latent: .*did you mean 'n_latents'"),
        ("zzz: 1\n", r"mine\.yaml: zzz: .*known here: seed, training_seed, llm"),
        ("data: {corpus: {kind: fineweb, bogus: 1}}\n", r"data\.corpus\.fineweb\.bogus: Extra inputs"),
        ("resampler: 64\n", r"resampler: a section cannot stand for a value"),
        ("seed: {value: 1}\n", r"seed: a section cannot stand for a value"),
        ("resampler: {n_latents: 0}\n", r"resampler\.n_latents: .*greater than 0"),
        ("projection: {kind: bent}\n", r"projection: .*'bent'"),
        ("resampler: {n_latents: 64\n", r"mine\.yaml: not valid YAML"),
        ("", r"mine\.yaml: holds no settings"),
    ],
)
def test_a_bad_overlay_is_refused_and_nothing_is_written(place: Path, text: str, said: str) -> None:
    overlay(place, "mine", text)
    before = (place / "params.yaml").read_bytes()
    with pytest.raises(ValueError, match=said):
        profile.apply("mine")
    assert (place / "params.yaml").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["params.yaml", "profiles"]


def test_an_unknown_name_lists_the_known_ones(place: Path) -> None:
    with pytest.raises(ValueError, match="there are: embedded, gpu, smoke"):
        profile.apply("tpu")


def test_without_settings_it_says_where_to_stand(place: Path) -> None:
    (place / "params.yaml").unlink()
    with pytest.raises(ValueError, match="run from the repository root"):
        profile.apply("gpu")


def test_the_command_line_reports_an_error_in_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["profile", "tpu"])
    with pytest.raises(SystemExit, match=r"adamem\.profile: .*no such profile"):
        profile.main()
