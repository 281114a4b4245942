"""The teacher: the same LLM with everything in view; kept answers are the asked ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adamem import config
from adamem.baselines.bounds import PlainText
from adamem.data.windows import Window
from adamem.models.host import HostLLM
from adamem.models.tensor_files import save_tensors
from adamem.training import recipes, statistics, teacher
from tests import tiny

WINDOWS = [Window(list(range(start, start + 20)), [7, 8, 9], [start, 11, 12, 13]) for start in range(20, 200, 10)]


def test_it_reads_context_prefix_and_continuation(llm: HostLLM) -> None:
    asked = teacher.ask(llm, WINDOWS[:2], 5)
    assert asked.ids.shape == asked.logprobs.shape == (8, 5)
    window = WINDOWS[1]
    whole = torch.tensor([window.context + window.prefix + window.continuation])
    expected = llm.model(whole).logits[0, -5:-1].log_softmax(-1).topk(5, dim=-1)
    assert torch.equal(asked.ids[4:], expected.indices)
    assert torch.allclose(asked.logprobs[4:], expected.values, atol=1e-5)


def test_windows_of_different_lengths_are_asked_together(llm: HostLLM) -> None:
    """A document shorter than a whole window gives a shorter context."""
    short = Window(WINDOWS[1].context[:5], WINDOWS[1].prefix, WINDOWS[1].continuation)
    mixed = [WINDOWS[0], short, WINDOWS[2]]
    together, alone = teacher.ask(llm, mixed, 5), [teacher.ask(llm, [window], 5) for window in mixed]
    assert torch.equal(together.ids, torch.cat([one.ids for one in alone]))
    assert torch.allclose(together.logprobs, torch.cat([one.logprobs for one in alone]), atol=1e-5)


def test_kept_answers_are_the_asked_ones(llm: HostLLM, tmp_path: Path) -> None:
    params = tiny.settings({"phase1": {"teacher": {"top_k": 5, "kind": "cached"}}})
    kept = teacher.kept(llm, WINDOWS, params.phase1.teacher)
    assert kept["ids"].shape == (len(WINDOWS), 4, 5)
    save_tensors(kept, tmp_path / "train.safetensors")
    cached = teacher.Cached(tmp_path / "train.safetensors")
    numbers = [17, 3, 9]
    asked = teacher.ask(llm, [WINDOWS[number] for number in numbers], 5)
    assert torch.equal(cached(numbers).ids, asked.ids)
    assert torch.allclose(cached(numbers).logprobs, asked.logprobs, atol=5e-3)


def test_settings_choose_between_kept_and_asked(llm: HostLLM, tmp_path: Path) -> None:
    settings: list[config.AdaMemConfig] = [
        tiny.settings({"phase1": {"teacher": {"top_k": 5, "kind": kind}}}) for kind in ("cached", "on_the_fly")
    ]
    save_tensors(teacher.kept(llm, WINDOWS, settings[0].phase1.teacher), tmp_path / "train.safetensors")
    kept, asked = (recipes.ask_teacher(PlainText(llm, True), WINDOWS, tmp_path, params)([4, 2]) for params in settings)
    assert torch.equal(kept.ids, asked.ids)


def test_answers_that_are_not_there_name_the_stage_that_makes_them(llm: HostLLM, tmp_path: Path) -> None:
    path, again = tmp_path / "train.safetensors", "run `dvc repro teacher`"
    with pytest.raises(ValueError, match=rf"train.safetensors: cannot be read .*{again}"):
        teacher.Cached(path)
    params = tiny.settings({"phase1": {"teacher": {"kind": "on_the_fly"}}})
    save_tensors(teacher.kept(llm, WINDOWS, params.phase1.teacher), path)
    with pytest.raises(ValueError, match=rf"train.safetensors: holds no answers, .*on_the_fly then; {again}"):
        teacher.Cached(path)


def test_statistics_scale_the_corpus_to_unit_deviation(llm: HostLLM) -> None:
    generator = torch.Generator().manual_seed(0)
    documents = [torch.randint(3, 300, (length,), generator=generator).numpy() for length in (400, 3, 90)]
    sizes = tiny.settings().chunk_encoder
    found = statistics.of_corpus(llm, documents, sizes, seed=0)
    again = statistics.of_corpus(llm, documents, sizes, seed=0)
    assert all(torch.equal(tensor, again.tensors()[name]) for name, tensor in found.tensors().items())
    ids = torch.cat([torch.from_numpy(documents[0][start : start + 8])[None] for start in range(390)])
    scaled = (llm.features(ids, sizes.feature_layers) - found.feature_mean) / found.feature_deviation
    assert float(scaled.mean((0, 1)).abs().max()) < 0.25
    assert torch.allclose(scaled.std((0, 1)), torch.ones(llm.width), atol=0.2)
    centred = llm.embed(ids) - found.embedding_mean
    assert torch.allclose(centred.square().mean().sqrt(), found.embedding_rms, rtol=0.05)
