"""Precision, recomputation and compilation of the LLM's layers: what they may change, and what not."""

from __future__ import annotations

from functools import partialmethod

import jaxtyping
import pytest
import torch

from adamem import config
from adamem.baselines.bounds import TunedText
from adamem.models.adamem import AdaMem
from adamem.training import devices, trainer
from adamem.training.objectives import Weights
from adamem.training.scratch import Scratch
from adamem.training.trainer import Step
from tests import architectures, tiny
from tests.architectures import ARCHITECTURES
from tests.training.small import SETTINGS, Training, made

Weighed = dict[str, torch.Tensor]


def train(scratch: Scratch, settings: config.Devices, interface: str = "soft_prefix") -> tuple[list[Step], Weighed]:
    """Four steps with an unfrozen layer."""
    torch.manual_seed(0)
    kind = {"kind": interface} | ({"hidden": 16} if interface == "prefix_kv" else {})
    model = AdaMem(tiny.settings({"interface": kind}).model, tiny.make_host())
    model.set_statistics(tiny.STATISTICS)
    optimiser = SETTINGS.model_copy(update={"steps": 4})
    objective = Training(model, optimiser, scratch, Weights(contrastive=0.1, diversity=0.01)).objective()
    trainee = trainer.with_llm(objective, optimiser, model.host.unfreeze(1), 1e-3)
    steps = made(trainer.Training(objective, trainee, optimiser, scratch, settings))
    return steps, {name: weight.detach() for name, weight in trainee.named().items()}


@pytest.mark.parametrize("interface", ["soft_prefix", "deep_prompt", "prefix_kv"])
def test_recomputed_layers_train_the_same_weights(scratch: Scratch, interface: str) -> None:
    """To the bit; layers that write into a cache, as behind a key-value prefix, are left as they are."""
    _, plain = train(scratch, config.Devices(), interface)
    _, again = train(scratch, config.Devices(gradient_checkpointing=True), interface)
    assert all(torch.equal(weight, again[name]) for name, weight in plain.items())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_recomputed_layers_learn_the_same_behind_text(name: str) -> None:
    """Text is read once for all layers, into a cache, which architectures call by several names."""
    learned = []
    for on in (False, True):
        host = architectures.make_host(name)
        devices.prepare(host, config.Devices(gradient_checkpointing=on))
        torch.manual_seed(0)
        method, batch = TunedText(host, tiny.SIZES["resampler"]["n_latents"], full=True).train(), tiny.batch(host)
        reading = method.read(method.compress(batch.context, batch.query), batch.prompt)
        torch.nn.functional.cross_entropy(reading.logits, reading.labels).backward()
        learned.append([weight.grad for weight in method.parameters()])
    assert all(plain is not None and torch.equal(plain, again) for plain, again in zip(*learned, strict=True))


def test_recomputed_layers_keep_less() -> None:
    """Bytes that autograd holds for one reading."""
    held = []
    for on in (False, True):
        host = tiny.make_host()
        devices.prepare(host, config.Devices(gradient_checkpointing=on))
        devices.prepare(host, config.Devices(gradient_checkpointing=on))
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            out = host.read(torch.randn(2, 16, host.width, requires_grad=True))
        held.append(sum(kept.values()))
        out.sum().backward()
    assert held[1] < 0.6 * held[0]


def test_bfloat16_is_near_and_keeps_float32_weights(scratch: Scratch) -> None:
    """Not so the contrastive loss, which compares what is left of memories that are nearly alike at first."""
    plain, _ = train(scratch, config.Devices())
    steps, weights = train(scratch, config.Devices(precision="bf16"))
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert steps[1].values["loss"] != plain[1].values["loss"]
    for name in ("loss", "answer_nll"):
        assert steps[1].values[name] == pytest.approx(plain[1].values[name], rel=0.03, abs=0.01), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch about its own parts, when it compiles
@pytest.mark.parametrize("interface", ["soft_prefix", "deep_prompt"])
def test_compiled_layers_compute_the_same(scratch: Scratch, monkeypatch: pytest.MonkeyPatch, interface: str) -> None:
    """As graphs for forward and backward pass. That torch's C++ or Triton for a graph is right is torch's own matter,
    and takes a minute. Shapes are not checked: what checks them would be compiled along, once for each depth of calls.
    """
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend="aot_eager"))
    plain, learned = train(scratch, config.Devices(), interface)
    steps, compiled = train(scratch, config.Devices(compile=True, gradient_checkpointing=True), interface)
    assert steps[-1].values["validation_loss"] == pytest.approx(plain[-1].values["validation_loss"], abs=1e-3)
    assert [bool(weight.any()) for weight in compiled.values()] == [bool(weight.any()) for weight in learned.values()]
