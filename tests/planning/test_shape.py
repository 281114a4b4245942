"""What is read off an LLM's configuration, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import BertConfig

from adamem import config
from adamem.models.host import HostLLM
from adamem.planning import shape

# sizes of Qwen2.5-0.5B as its config.json on the hub has them
QWEN: dict[str, Any] = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_act": "silu",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "max_position_embeddings": 32768,
    "num_attention_heads": 14,
    "num_hidden_layers": 24,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "tie_word_embeddings": True,
    "vocab_size": 151936,
}
HUB = config.Llm(
    source=config.LlmHub(kind="hub", repo="Qwen/Qwen2.5-0.5B", revision="main"), dtype="auto", feature_cache=0
)


def folder(path: Path, settings: dict[str, Any]) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return path


def source(path: Path) -> config.Llm:
    return config.Llm(source=config.LlmFolder(kind="folder", path=str(path)), dtype="auto", feature_cache=0)


def test_a_model_that_is_not_here_by_its_configuration(tmp_path: Path) -> None:
    """Its model card says 0.49 B weights, 0.36 B of them outside the embeddings, 24 layers, 14 and 2 heads."""
    found = shape.find(HUB, folder(tmp_path / "qwen", QWEN))
    assert found.weights == 494_032_768
    assert round((found.weights - found.vocabulary * found.width) / 1e9, 2) == 0.36
    assert (found.layers, found.heads, found.heads_width, found.kv_width) == (24, 14, 896, 128)
    assert found.linear == 896 * (896 + 2 * 128) + 896 * 896 + 3 * 896 * 4864
    assert found.biases == 896 + 2 * 128
    assert (found.inner_saved, found.norms) == (3, 2 * 896)


def test_file_and_folder_say_the_same(tmp_path: Path) -> None:
    place = folder(tmp_path / "qwen", QWEN)
    by_file, by_folder = shape.find(HUB, place / "config.json"), shape.find(source(place), None)
    assert by_file == by_folder


def test_weights_are_those_of_the_loaded_model(llm: HostLLM, llm_folder: Path) -> None:
    assert shape.find(source(llm_folder), None).weights == llm.model.num_parameters()


def test_the_hub_out_of_reach_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    nowhere = config.LlmHub(kind="hub", repo="nobody/no-such-model", revision="main")
    with pytest.raises(ValueError, match=r"nobody/no-such-model \(revision main\) cannot be read.*--llm-config PATH"):
        shape.find(config.Llm(source=nowhere, dtype="auto", feature_cache=0), None)


def test_the_wheels_llm_is_where_its_stage_puts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wheel = config.LlmWheel(kind="wheel", package="p", version="1", sha256="0" * 64, member="m")
    with pytest.raises(ValueError, match="dvc repro llm"):
        shape.find(config.Llm(source=wheel, dtype="auto", feature_cache=0), None)
    Path("models").mkdir()
    folder(Path("models/llm"), QWEN)
    assert shape.find(config.Llm(source=wheel, dtype="auto", feature_cache=0), None).layers == 24


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model_type": "no_such_model"}, "config.json: no configuration"),
        ({"hidden_size": 8}, "config.json: no configuration"),
        (BertConfig(num_hidden_layers=1, is_decoder=False).to_dict(), "no causal LLM with decoder layers"),
        ({"model_type": "gpt2"}, "no causal LLM with decoder layers"),
        (QWEN | {"model_type": "other", "auto_map": {"AutoConfig": "code.Config"}}, "config.json: no configuration"),
    ],
)
def test_what_is_no_llm_for_adamem_is_named(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        shape.find(source(folder(tmp_path / "llm", settings)), None)
    assert str(tmp_path) in str(caught.value)


def test_broken_or_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"llm\.source\.path: .*nowhere: no config\.json"):
        shape.find(source(tmp_path / "nowhere"), None)
    with pytest.raises(ValueError, match=r"nowhere: no config\.json.*--llm-config"):
        shape.find(HUB, tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json: no configuration"):
        shape.find(HUB, tmp_path / "config.json")
