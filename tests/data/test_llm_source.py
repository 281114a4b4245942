"""The LLM from a GGUF in a wheel, from a folder and from the hub: safetensors only, and text survives."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import gguf
import huggingface_hub
import numpy as np
import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM

from adamem.config import LlmFolder, LlmHub, LlmWheel
from adamem.data import gguf_llm, llm_source, tokenizer, wheels

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
)
WIDTH, HIDDEN = 32, 64


def write_gguf(path: Path, split: str = "smollm") -> dict[str, np.ndarray]:
    """A llama of one layer with a byte-level vocabulary; returns its tensors."""
    tokens = [*SPECIAL, *sorted(ByteLevel.alphabet()), "Ġh", "12"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    for name, value in {"block_count": 1, "context_length": 64, "embedding_length": WIDTH}.items():
        writer.add_uint32(f"llama.{name}", value)
    for name, value in {"feed_forward_length": HIDDEN, "attention.head_count": 2, "attention.head_count_kv": 1}.items():
        writer.add_uint32(f"llama.{name}", value)
    writer.add_vocab_size(len(tokens))
    writer.add_rope_dimension_count(16)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(["Ġ h", "1 2"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)
    rng = np.random.default_rng(0)
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,), "blk.0.attn_norm": (WIDTH,)}
    shapes |= {"blk.0.ffn_norm": (WIDTH,), "blk.0.attn_q": (WIDTH, WIDTH), "blk.0.attn_k": (16, WIDTH)}
    shapes |= {"blk.0.attn_v": (16, WIDTH), "blk.0.attn_output": (WIDTH, WIDTH), "blk.0.ffn_gate": (HIDDEN, WIDTH)}
    shapes |= {"blk.0.ffn_up": (HIDDEN, WIDTH), "blk.0.ffn_down": (WIDTH, HIDDEN)}
    tensors = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with a GGUF in it."""
    folder = tmp_path_factory.mktemp("wheel")
    write_gguf(folder / "tiny.gguf")
    path = folder / "llm_tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as opened:
        opened.write(folder / "tiny.gguf", "llm_tiny/tiny.gguf")
    return path


@pytest.fixture(scope="module")
def converted(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The LLM of that wheel, obtained as stage `llm` does."""
    folder = tmp_path_factory.mktemp("models") / "llm"
    pin = hashlib.sha256(archive.read_bytes()).hexdigest()
    source = LlmWheel(kind="wheel", package="llm-tiny", version="1", sha256=pin, member="llm_tiny/tiny.gguf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wheels, "_download", lambda wheel, into: shutil.copy(archive, into))
        counts = llm_source.obtain(source, folder, Path())
    assert counts == {"weight_bytes": (folder / "model.safetensors").stat().st_size, "vocabulary": 261}
    assert [path.name for path in folder.parent.iterdir()] == ["llm"]
    return folder


def test_the_weights_are_those_of_the_file(converted: Path, archive: Path, tmp_path: Path) -> None:
    tensors = write_gguf(tmp_path / "again.gguf")
    model = AutoModelForCausalLM.from_pretrained(converted, use_safetensors=True)
    assert model.dtype == torch.bfloat16
    assert torch.equal(
        model.model.layers[0].mlp.down_proj.weight, torch.from_numpy(tensors["blk.0.ffn_down"]).bfloat16()
    )
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert model.config.eos_token_id == model.generation_config.eos_token_id == 2
    assert {path.name for path in converted.iterdir()} == {
        "model.safetensors",
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }


@pytest.mark.parametrize("text", [" hello  world\n", "", "  ", "naïve – 東京 🙂\t", "12 h 2012", "don't"])
def test_text_survives(converted: Path, text: str) -> None:
    loaded: Any = tokenizer.load(converted)
    for ids in (loaded(text)["input_ids"], loaded(text, add_special_tokens=False)["input_ids"]):
        assert loaded.decode(ids) == text


def test_the_tokenizer_is_mended(converted: Path) -> None:
    """No begin mark, the right end, special tokens whole, and digits one by one although a merge offers itself."""
    loaded = tokenizer.load(converted)
    assert (loaded.bos_token_id, loaded.eos_token_id, loaded.pad_token_id, loaded.unk_token_id) == (1, 2, 2, 0)
    assert loaded("<|im_start|>h<|im_end|>")["input_ids"] == [1, loaded.convert_tokens_to_ids("h"), 2]
    assert loaded.tokenize(" h12") == ["Ġh", "1", "2"]
    assert loaded.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False) == (
        "<|im_start|>user\nx<|im_end|>\n"
    )


def test_gguf_that_cannot_be_converted(tmp_path: Path) -> None:
    write_gguf(tmp_path / "other.gguf", split="llama-bpe")
    with pytest.raises(ValueError, match=r"splitting 'llama-bpe' cannot be converted; known is .* hub or folder"):
        gguf_llm.convert(tmp_path / "other.gguf", tmp_path / "out")
    (tmp_path / "junk.gguf").write_bytes(b"this is not a GGUF file at all, whatever its name")
    with pytest.raises(ValueError, match=r"junk\.gguf: not a readable GGUF file"):
        gguf_llm.convert(tmp_path / "junk.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_copied_without_pickles_or_code(converted: Path, tmp_path: Path) -> None:
    origin = tmp_path / "mine"
    shutil.copytree(converted, origin)
    for name in ("pytorch_model.bin", "modeling_mine.py", "README.md"):
        (origin / name).write_text("x")
    llm_source.obtain(LlmFolder(kind="folder", path="mine"), tmp_path / "llm", tmp_path)
    assert {path.name for path in (tmp_path / "llm").iterdir()} == {path.name for path in converted.iterdir()}


def broken(converted: Path, folder: Path, damage: str) -> None:
    shutil.copytree(converted, folder)
    weights, settings = folder / "model.safetensors", folder / "config.json"
    match damage:
        case "pickle":
            weights.rename(folder / "pytorch_model.bin")
        case "code":
            settings.write_text(json.dumps({**json.loads(settings.read_text()), "auto_map": {"AutoModel": "x.Y"}}))
        case "tokenizer code":
            (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["x.Y", None]}}))
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-100])
        case "part":
            index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        case "settings":
            settings.write_text("{")
        case "empty":
            settings.unlink()
        case "tokenizer":
            (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("pickle", r"has no \*\.safetensors; weights as \.bin or \.pt are pickles and are never loaded"),
        ("code", r"config\.json of .* names code from its own repository \(auto_map\), which is never run"),
        ("tokenizer code", r"tokenizer_config\.json of .* names code from its own repository \(auto_map\)"),
        ("truncated", r"model\.safetensors: damaged or cut short"),
        ("part", r"model-00002-of-00002\.safetensors: missing, though model\.safetensors\.index\.json lists it"),
        ("settings", r"config\.json: not valid JSON"),
        ("empty", r"holds no config\.json; give a folder"),
        ("tokenizer", "no tokenizer can be loaded"),
    ],
)
def test_a_folder_that_cannot_serve(converted: Path, tmp_path: Path, damage: str, said: str) -> None:
    broken(converted, tmp_path / "mine", damage)
    with pytest.raises(ValueError, match=said):
        llm_source.obtain(LlmFolder(kind="folder", path=str(tmp_path / "mine")), tmp_path / "llm", Path("elsewhere"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_hub(converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def snapshot(repo: str, **wanted: object) -> str:
        asked.update(wanted, repo=repo)
        return str(converted)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    llm_source.obtain(LlmHub(kind="hub", repo="some/llm", revision="abc"), tmp_path / "llm", Path())
    assert (asked["repo"], asked["revision"]) == ("some/llm", "abc")
    assert "*.safetensors" in str(asked["allow_patterns"]) and ".bin" not in str(asked["allow_patterns"])
    assert tokenizer.load(tmp_path / "llm").eos_token_id == 2


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise huggingface_hub.errors.LocalEntryNotFoundError("cannot find the requested files")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(ValueError, match=r"some/llm \(revision abc\) cannot be read from the hub .*connect"):
        llm_source.obtain(LlmHub(kind="hub", repo="some/llm", revision="abc"), tmp_path / "llm", Path())
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_that_loses_text(converted: Path, tmp_path: Path) -> None:
    shutil.copytree(converted, tmp_path / "llm")
    path = tmp_path / "llm" / "tokenizer.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(tree | {"normalizer": {"type": "Lowercase"}}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"its tokenizer gives .* back as .* byte-level tokenizer"):
        tokenizer.load(tmp_path / "llm")
