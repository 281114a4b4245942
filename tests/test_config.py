"""The settings: what is wrong in params.yaml is refused at load, by name and path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from adamem.config import AdaMemConfig, load

PARAMS = Path(__file__).parents[1] / "params.yaml"


def tree() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(PARAMS.read_text(encoding="utf-8"))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The settings with one key set, wherever it is."""
    whole = tree()
    *above, last = path.split(".")
    section = whole
    for key in above:
        section = section[key]
    section[last] = value
    return whole


def test_the_committed_settings_load() -> None:
    settings = load(PARAMS)
    assert list(tree()) == list(type(settings).model_fields), "params.yaml and config.py have one order"
    assert settings.model.resampler == settings.resampler
    assert settings.chunk_encoder.window * settings.chunk_encoder.summary_states == settings.chunk_encoder.chunk_size


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sede", 1),
        ("resampler.n_latent", 16),
        ("phase2.optimiser.learing_rate", 1e-3),
        ("baselines.icae.encoder.rank", 8),
        ("data.corpus.plays.sha1", "0"),
        ("benchmarks.E", {}),
    ],
)
def test_an_unknown_key_is_refused_with_its_path(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"Extra inputs are not permitted") as caught:
        AdaMemConfig.checked(changed(path, value), "params.yaml")
    names = [part for part in path.split(".") if part.islower()]
    assert all(name in str(caught.value) for name in names), str(caught.value)
    assert str(caught.value).startswith("params.yaml: 1 setting(s)")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("resampler.start", "retreival"),
        ("resampler.n_latents", 0),
        ("resampler.n_latents", "many"),
        ("resampler.n_latents", 2.5),
        ("resampler.n_latents", "32"),
        ("phase1.optimiser.batch_size", True),
        ("phase2.optimiser.clip", "1"),
        ("chunk_encoder.chunk_size", -64),
        ("phase1.optimiser.warmup", 1.0),
        ("phase1.kl", -0.1),
        ("phase2.optimiser.clip", 0),
        ("phase3.unfrozen_layers", 5),
        ("data.tokens.validation", 1.0),
        ("data.embedder.sha256", "abc"),
        ("analysis.resamples", 10),
        ("seed", -1),
        ("seed", None),
        ("training_seed", 2**32),
        ("resampler.redundancy", float("inf")),
        ("llm.dtype", "int8"),
        ("baselines.rag.chunk_tokens", []),
        ("baselines.rag.chunk_tokens", [8, -1]),
    ],
)
def test_an_impossible_value_is_refused_with_path_and_value(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match=path.replace(".", r"\.")) as caught:
        AdaMemConfig.checked(changed(path, value), "params.yaml")
    shown = value[-1] if isinstance(value, list) and value else value
    assert repr(shown) in str(caught.value)


@pytest.mark.parametrize("path", ["llm.source", "data.corpus", "projection", "interface", "baselines.icae.encoder"])
def test_an_unknown_or_missing_kind_is_refused_with_its_path(path: str) -> None:
    for section in ({"kind": "telepathy"}, {}):
        with pytest.raises(ValueError, match=path.replace(".", r"\.")):
            AdaMemConfig.checked(changed(path, section), "params.yaml")


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("llm.source", {"kind": "hub", "repo": "Qwen/Qwen2.5-0.5B", "revision": "main"}),
        ("llm.source", {"kind": "folder", "path": "somewhere"}),
        ("projection", {"kind": "mlp", "hidden": 64}),
        ("interface", {"kind": "deep_prompt"}),
        ("interface", {"kind": "prefix_kv", "hidden": 64}),
        ("baselines.icae.encoder", {"kind": "llm_lora", "rank": 8}),
    ],
)
def test_every_other_kind_can_be_chosen(path: str, section: dict[str, Any]) -> None:
    AdaMemConfig.checked(changed(path, section), "params.yaml")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("chunk_encoder.summary_states", 7, "does not divide chunk_size"),
        ("chunk_encoder.heads", 7, "does not divide hidden"),
        ("resampler.heads", 7, "does not divide hidden"),
        ("resampler.n_fused", 1000, "leaves nothing to pick"),
        ("benchmarks.A.min_tokens", 100000, "is not below max_tokens"),
        ("benchmarks.A.min_tokens", 300, "must be 28 or more above min_tokens 300"),
        ("benchmarks.A.list_length", [4, 5], "two numbers from 2 to 4"),
        ("benchmarks.A.list_length", [3, 2], "the fewest first"),
        ("benchmarks.D.list_length", [3, 3], "list_length: Extra inputs are not permitted"),
        ("baselines.icae.encoder.heads", 7, "does not divide hidden"),
        ("baselines.icae.segments", 5, "does not divide resampler.n_latents"),
    ],
)
def test_values_that_do_not_fit_together_are_refused(path: str, value: int | list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        AdaMemConfig.checked(changed(path, value), "params.yaml")
    assert path.rsplit(".", 1)[0] in str(caught.value)
    assert str(value) in str(caught.value)


def test_a_path_of_no_width_is_a_soft_prompt_and_needs_picks_beside_it() -> None:
    AdaMemConfig.checked(changed("resampler.hidden", 0), "params.yaml")
    sizes = tree()["resampler"] | {"hidden": 0, "start": "random"}
    with pytest.raises(ValueError, match=r"resampler: .*hidden 0 with start 'random' would read no memory"):
        AdaMemConfig.checked(changed("resampler", sizes), "params.yaml")


@pytest.mark.parametrize("section", ["needle", "fanout"])
def test_what_changes_the_llm_is_not_asked_beside_others(section: str) -> None:
    with pytest.raises(ValueError, match=rf"{section}\.methods: .*leave it out"):
        AdaMemConfig.checked(changed(f"{section}.methods", ["adamem", "adamem_unfrozen"]), "params.yaml")


def test_all_mistakes_are_told_at_once() -> None:
    whole = changed("resampler.n_latents", 0)
    whole["phase2"]["typo"] = 1
    with pytest.raises(ValueError, match=r"2 setting\(s\)") as caught:
        AdaMemConfig.checked(whole, "params.yaml")
    assert "resampler.n_latents" in str(caught.value)
    assert "phase2.typo" in str(caught.value)


@pytest.mark.parametrize("written", ["1e-05", "1e-5", "1.0e-05", "0.00001"])
def test_a_small_rate_is_a_number_however_it_is_written(tmp_path: Path, written: str) -> None:
    """`dvc exp run -S` writes 1e-05, which YAML 1.1 reads as a string."""
    old = YAML(typ="safe", pure=True).load(PARAMS.read_text(encoding="utf-8"))["phase3"]["llm_learning_rate"]
    text = PARAMS.read_text(encoding="utf-8")
    at = text.index("llm_learning_rate:")
    line = text[at:].split("\n", 1)[0]
    copy = tmp_path / "params.yaml"
    copy.write_text(text.replace(line, f"llm_learning_rate: {written}"), encoding="utf-8")
    found = load(copy).phase3.llm_learning_rate
    assert isinstance(found, float)
    assert found == 1e-5 != old


def test_settings_are_frozen() -> None:
    settings = load(PARAMS)
    with pytest.raises(ValidationError, match="frozen"):
        settings.resampler.n_latents = 64  # pyright: ignore[reportAttributeAccessIssue]


def test_a_missing_file_says_where_to_stand(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run from the repository root"):
        load(tmp_path / "params.yaml")


@pytest.mark.parametrize("text", ["resampler: {n_latents: 16", "seed: 0\nseed: 1\n", "\tseed: 0\n"])
def test_a_file_that_is_not_yaml_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="not valid YAML") as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="the whole file"):
        load(path)


def test_every_setting_is_explained() -> None:
    """By a comment on its line, on its section's line, or on a setting of the same name further up."""
    explained: set[str] = set()
    missing = []
    for path, is_section, commented in _lines():
        above, _, name = path.rpartition(".")
        if commented:
            explained |= {path, name}
        elif not is_section and not {path, above, name} & explained:
            missing.append(path)
    assert not missing, f"params.yaml: no comment says what these mean: {missing}"


def _lines() -> list[tuple[str, bool, bool]]:
    """For every line of params.yaml: the path of its key, whether it only opens a section, whether it has a comment."""
    found, above = [], []
    for line in PARAMS.read_text(encoding="utf-8").splitlines():
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], body.split(":", 1)[0]]
        found.append((".".join(above), body.split("#")[0].rstrip().endswith(":"), " #" in line))
    return found
