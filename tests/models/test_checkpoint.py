"""Checkpoints: only trained weights, exact, and refused with their place by anything they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from adamem.baselines.bounds import TunedText
from adamem.models import checkpoint, tensor_files
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.tensor_files import save_tensors
from tests import tiny


@pytest.fixture
def model(llm: HostLLM) -> AdaMem:
    torch.manual_seed(0)
    model = AdaMem(tiny.settings().model, llm)
    model.set_statistics(tiny.STATISTICS)
    tiny.stirred(model)
    return model


@pytest.fixture
def saved(model: AdaMem, tmp_path: Path) -> Path:
    checkpoint.save(model, tmp_path / "phase2", model.settings)
    return tmp_path / "phase2"


def test_the_way_back_is_exact(saved: Path, model: AdaMem, llm: HostLLM) -> None:
    back = checkpoint.load(saved, llm)
    assert back.settings == model.settings
    assert back.manifest() == model.manifest()
    expected = model.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in back.state_dict().items())


def test_it_holds_trained_weights_and_statistics_only(saved: Path, model: AdaMem) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["checkpoint.json", "weights.safetensors"]
    held = sum(tensor.numel() for tensor in load_file(saved / "weights.safetensors").values())
    assert held == model.trainable_parameters() + sum(tensor.numel() for tensor in tiny.STATISTICS.tensors().values())
    record = json.loads((saved / "checkpoint.json").read_text(encoding="utf-8"))
    assert record.keys() == {"method", "settings", "llm", "tokenizer"}


def test_a_folder_with_other_files_is_not_replaced(saved: Path, model: AdaMem) -> None:
    (saved / "notes.txt").write_text("dear to me", encoding="utf-8")
    with pytest.raises(ValueError, match=r"phase2: holds notes.txt, .*choose another folder"):
        checkpoint.save(model, saved, model.settings)
    assert (saved / "notes.txt").read_text(encoding="utf-8") == "dear to me"


def test_another_llm_is_refused(saved: Path) -> None:
    with pytest.raises(ValueError, match=r"phase2: made for llm '\w+', but this model has .*load the LLM it was"):
        checkpoint.load(saved, tiny.make_host(seed=1))


def test_another_tokenizer_is_refused(saved: Path) -> None:
    other = HostLLM(tiny.make_llm(), tiny.make_tokenizer(("Quite another text.",)))
    with pytest.raises(ValueError, match=r"phase2: made for tokenizer "):
        checkpoint.load(saved, other)


def test_another_method_is_refused(saved: Path, llm: HostLLM) -> None:
    with pytest.raises(ValueError, match=r"phase2: made for method 'AdaMem', but this model has 'TunedText'"):
        checkpoint.load_into(TunedText(llm, 4, full=True), saved)


def test_a_checkpoint_that_is_no_adamem_is_refused(llm: HostLLM, tmp_path: Path) -> None:
    checkpoint.save(TunedText(llm, 4, full=True), tmp_path / "tuned", tiny.settings().evaluation)
    with pytest.raises(ValueError, match=r"tuned: the settings stored there do not describe an AdaMem"):
        checkpoint.load(tmp_path / "tuned", llm)


def test_another_size_is_refused(saved: Path, llm: HostLLM) -> None:
    other = AdaMem(tiny.settings({"resampler": {"n_fused": 4}}).model, llm)
    with pytest.raises(ValueError, match=r"phase2: was trained with resampler .* but this model has .*'n_fused': 4"):
        checkpoint.load_into(other, saved)


def test_weights_that_do_not_fit_are_refused(saved: Path, model: AdaMem) -> None:
    (saved / "weights.safetensors").unlink()
    save_tensors({"a": torch.zeros(1)}, saved / "weights.safetensors")
    with pytest.raises(ValueError, match=r"weights.safetensors: the weights do not fit AdaMem"):
        checkpoint.load_into(model, saved)


@pytest.mark.parametrize("change", [{"resampler": {"redundancy": 0.5}}, {"chunk_encoder": {"feature_layers": 1}}])
def test_other_settings_are_refused_also_where_all_shapes_fit(
    saved: Path, llm: HostLLM, change: dict[str, dict[str, float]]
) -> None:
    other = AdaMem(tiny.settings(change).model, llm)
    with pytest.raises(ValueError, match=f"phase2: was trained with {next(iter(change))} "):
        checkpoint.load_into(other, saved)


@pytest.mark.parametrize("name", ["weights.safetensors", "checkpoint.json"])
@pytest.mark.parametrize("keep", [0, 20, 500])
def test_half_a_file_is_refused_with_its_place(saved: Path, llm: HostLLM, name: str, keep: int) -> None:
    path = saved / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"phase2.{name}: "):
        checkpoint.load(saved, llm)


@pytest.mark.parametrize("name", ["weights.safetensors", "checkpoint.json"])
def test_a_missing_file_is_refused_with_its_place(saved: Path, llm: HostLLM, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(ValueError, match=rf"phase2.*{name}"):
        checkpoint.load(saved, llm)


@pytest.mark.parametrize("text", ["[]", "{}", '{"method": "AdaMem"}'])
def test_a_record_that_says_too_little_is_refused(saved: Path, llm: HostLLM, text: str) -> None:
    (saved / "checkpoint.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"phase2.checkpoint.json: "):
        checkpoint.load(saved, llm)


def test_changed_top_layers_come_back_beside_an_untouched_llm(model: AdaMem, tmp_path: Path) -> None:
    ids = torch.tensor([[4, 5, 6]])
    trained, fresh = tiny.make_host(), tiny.make_host()
    top = trained.unfreeze(2)
    with torch.no_grad():
        for weight in top.values():
            weight += 0.05
    checkpoint.save(model, tmp_path / "phase3", model.settings, top)
    checkpoint.load_llm_top(fresh, tmp_path / "phase3")
    assert torch.equal(fresh.read(fresh.embed(ids)), trained.read(trained.embed(ids)))
    assert not any(weight.requires_grad for weight in fresh.model.parameters())


@pytest.mark.parametrize("name", ["layers.0.mlp.weight", "layers.3.mlp.weight", "weight"])
def test_layers_that_are_not_the_top_are_refused_and_the_llm_stays_as_it_was(tmp_path: Path, name: str) -> None:
    host = tiny.make_host()
    save_tensors({name: torch.zeros(1)}, tmp_path / "llm_top.safetensors")
    with pytest.raises(ValueError, match=r"holds layers \[.*\], not the top of 3; train it again"):
        checkpoint.load_llm_top(host, tmp_path)
    assert host.unfrozen == 0 and not any(weight.requires_grad for weight in host.model.parameters())


def test_missing_or_half_top_layers_are_refused_with_their_place(model: AdaMem, tmp_path: Path) -> None:
    checkpoint.save(model, tmp_path / "phase3", model.settings, tiny.make_host().unfreeze(1))
    path = tmp_path / "phase3" / "llm_top.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"phase3.llm_top.safetensors"):
        checkpoint.load_llm_top(tiny.make_host(), tmp_path / "phase3")
    path.unlink()
    with pytest.raises(ValueError, match=r"phase3.llm_top.safetensors"):
        checkpoint.load_llm_top(tiny.make_host(), tmp_path / "phase3")


def test_a_full_disk_is_said_plainly(model: AdaMem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As safetensors tells of it, which is no OSError."""

    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(tensor_files, "save_file", full)
    with pytest.raises(ValueError, match="no space left on this disk"):
        checkpoint.save(model, tmp_path / "out", model.settings)
    assert not list(tmp_path.iterdir())
