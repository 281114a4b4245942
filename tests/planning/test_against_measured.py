"""The planner's formulas against steps of a tiny model that are really made, on CPU."""

from __future__ import annotations

import pytest

from adamem.models.host import HostLLM
from adamem.planning import weights
from tests import tiny
from tests.planning import measured
from tests.planning.measured import ROWS, Step

FLOPS = 0.005  # the formulas leave out products of a vector and a matrix of few columns
MEMORY = 0.05  # and tensors with one number a token; a step of real size has relatively fewer of them
WORKS = {
    "reading": {},
    "with a teacher's distribution": {"distils": True},
    "selector alone": {"reads": False},
    "top layer unfrozen": {"unfrozen": 1},
}


@pytest.fixture(params=list(measured.VARIANTS))
def variant(request: pytest.FixtureRequest) -> str:
    return request.param


def relative(planned: int, found: int) -> float:
    return abs(planned - found) / found


def test_weights_are_counted_to_the_last_one(llm: HostLLM, variant: str) -> None:
    step = Step.of(llm, variant)
    plan = step.plan()
    assert weights.trained(step.params, plan.letters, reads=True) == step.model.trainable_parameters()
    if variant != "random":
        selector = [part for name, part in step.model.named_parameters() if name.startswith(step.model.SELECTOR)]
        assert weights.trained(step.params, plan.letters, reads=False) == sum(part.numel() for part in selector)


@pytest.mark.parametrize("interface", ["deep_prompt", "prefix_kv"])
def test_the_parts_have_the_weights_of_the_modules(llm: HostLLM, interface: str) -> None:
    step = Step.of(llm, interface)
    model = step.model
    modules = {
        "chunk encoder": model.chunk_encoder,
        "selector": model.resampler.extractor,
        "fusing path": model.resampler.fuse,
        "projection": model.projection,
        "interface": model.interface,
    }
    counted = {part.name: part.count for part in weights.count(step.params, step.plan().letters)}
    assert counted == {
        name: sum(weight.numel() for weight in module.parameters()) for name, module in modules.items() if module
    }


def test_products_are_those_that_torch_counts(llm: HostLLM, variant: str) -> None:
    step = Step.of(llm, variant)
    forward, back = step.flops()
    counted = step.plan().counted
    assert relative(ROWS * sum(one.forward for one in counted), forward) < FLOPS
    assert relative(ROWS * sum(one.backward for one in counted), back) < FLOPS


def test_memory_is_what_autograd_keeps(llm: HostLLM, variant: str) -> None:
    step = Step.of(llm, variant)
    assert relative(ROWS * sum(use.size for use in step.plan().need.kept), step.kept()) < MEMORY


@pytest.mark.parametrize("kind", WORKS)
def test_every_kind_of_training(kind: str) -> None:
    step = Step.of(tiny.make_host(), "retrieval", **WORKS[kind])
    plan = step.plan()
    trained = weights.trained(step.params, plan.letters, reads=step.work.reads)
    assert trained == step.model.trainable_parameters() or kind == "selector alone"
    tolerance = 0.1 if kind == "selector alone" else MEMORY  # so little is kept there that small tensors count
    assert relative(ROWS * sum(use.size for use in plan.need.kept), step.kept()) < tolerance
    forward, back = step.flops()
    assert relative(ROWS * sum(one.forward for one in plan.counted), forward) < FLOPS
    assert relative(ROWS * sum(one.backward for one in plan.counted), back) < (0.03 if tolerance == 0.1 else FLOPS)


@pytest.mark.parametrize("name", measured.ARCHITECTURES)
def test_other_architectures(name: str) -> None:
    """GPT-NeoX keeps more than is planned: its values are a part of one tensor with queries and keys."""
    host = measured.architecture(name)
    step = Step.of(host, "retrieval", unfrozen=1)
    plan = step.plan()
    assert weights.trained(step.params, plan.letters, reads=True) == step.model.trainable_parameters()
    forward, back = step.flops()
    assert relative(ROWS * sum(one.forward for one in plan.counted), forward) < FLOPS
    assert relative(ROWS * sum(one.backward for one in plan.counted), back) < FLOPS
    assert relative(ROWS * sum(use.size for use in plan.need.kept), step.kept()) < (
        0.2 if name == "gpt_neox" else MEMORY
    )
