"""The loop: it learns, keeps the best weights, adds up passes, goes on where it stopped, and says when it breaks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from adamem.baselines.bounds import TunedText
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.method import Method
from adamem.training import trainer
from adamem.training.objectives import Weights
from adamem.training.scratch import Scratch, Snapshot
from tests import tiny
from tests.training.small import SETTINGS, Training, made, nothing

Weighed = dict[str, torch.Tensor]


def adamem(llm: HostLLM) -> AdaMem:
    torch.manual_seed(0)
    model = AdaMem(tiny.settings().model, llm)
    model.set_statistics(tiny.STATISTICS)
    return model


def weights(method: Method) -> Weighed:
    return {name: weight.detach().clone() for name, weight in method.named_parameters()}


def same(one: Weighed, other: Weighed) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_the_loss_falls(llm: HostLLM, scratch: Scratch) -> None:
    settings = SETTINGS.model_copy(update={"steps": 40, "validate_every": 20})
    steps = Training(adamem(llm), settings, scratch, Weights(contrastive=0.1, diversity=0.01)).steps()
    assert [step.number for step in steps] == list(range(41))
    assert steps[0].values.keys() == {"validation_loss", "validation_em"}
    assert steps[-1].values["validation_loss"] < 0.9 * steps[0].values["validation_loss"]
    expected = {"loss", "answer_nll", "contrastive", "diversity", "memory_norm", "attention_entropy", "gradient_norm"}
    assert expected | {"learning_rate", "tokens_per_second"} == steps[1].values.keys()
    assert [step.number for step in steps if "validation_loss" in step.values] == [0, 20, 40]


def test_the_best_weights_stand_at_the_end(llm: HostLLM, scratch: Scratch) -> None:
    """Late in the training the weights are spoilt: the last ones are not the best ones."""
    settings = SETTINGS.model_copy(update={"validate_every": 1})
    training = Training(TunedText(llm, 4, full=False), settings, scratch)

    def spoil(step: int, part: int) -> None:
        if step == 9:
            with torch.no_grad():
                next(training.method.parameters()).mul_(-20)

    training.spoil = spoil
    objective = training.objective()
    seen: list[tuple[float, Weighed]] = []
    for step in trainer.fit(trainer.Training(objective, trainer.whole(objective, settings), settings, scratch)):
        seen.append((step.values["validation_loss"], weights(training.method)))
    best, kept = min(seen, key=lambda pair: pair[0])
    assert best < seen[-1][0]
    assert same(weights(training.method), kept)
    assert objective.validate()["loss"] == pytest.approx(best)
    assert not training.method.training


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_number_that_is_none_stops_with_its_place(llm: HostLLM, scratch: Scratch, where: str) -> None:
    settings = SETTINGS.model_copy(update={"accumulate": 2})
    training = Training(TunedText(llm, 4, full=False), settings, scratch)
    [vectors] = training.method.parameters()

    def spoil(step: int, part: int) -> None:
        if (step, part) == (3, 1):
            with torch.no_grad():
                vectors.fill_(float("nan"))

    training.spoil = spoil
    if where == "gradient":
        training.spoil = lambda step, part: None
        vectors.register_hook(lambda grad: grad * float("inf") if len(seen) == 3 else grad)
    seen: list[int] = []
    objective = training.objective()
    message = "loss is not finite at step 3, backward pass 1" if where == "loss" else "gradient is not finite at step 3"
    with pytest.raises(FloatingPointError, match=message):
        for step in trainer.fit(trainer.Training(objective, trainer.whole(objective, settings), settings, scratch)):
            seen.append(step.number)
    assert seen == [0, 1, 2]


def test_a_validation_that_is_none_stops_with_its_step(llm: HostLLM, scratch: Scratch) -> None:
    """The last step before a validation may be the one that breaks the weights."""
    training = Training(TunedText(llm, 4, full=False), SETTINGS, scratch)
    objective = training.objective()
    validate, calls = objective.validate, itertools.count()
    object.__setattr__(objective, "validate", lambda: validate() if next(calls) == 0 else {"loss": float("nan")})
    with pytest.raises(FloatingPointError, match="validation loss is not finite at step 4"):
        list(trainer.fit(trainer.Training(objective, trainer.whole(objective, SETTINGS), SETTINGS, scratch)))


def test_the_first_of_two_trainings_is_not_made_again(llm: HostLLM, scratch: Scratch) -> None:
    """Stopped in the second behind its first snapshot, a restart repeats no step of the first, and ends with the same
    weights."""

    def two(folder: Scratch) -> tuple[Method, list[Training], list[trainer.Training]]:
        method = adamem(llm)
        parts = [Training(method, SETTINGS, Scratch(folder.folder / name)) for name in "ab"]
        goals = [part.objective() for part in parts]
        trainings = [
            trainer.Training(goal, trainer.whole(goal, SETTINGS), SETTINGS, part.scratch)
            for goal, part in zip(goals, parts, strict=True)
        ]
        return method, parts, trainings

    whole, _, trainings = two(Scratch(scratch.folder / "whole"))
    made(*trainings)
    _, _, trainings = two(scratch)
    with trainer.in_turn(*trainings, save=nothing) as steps:
        list(itertools.islice(steps, 13 + 12))
    method, parts, trainings = two(scratch)
    again: list[int] = []
    parts[0].spoil = lambda step, part: again.append(step)
    steps = made(*trainings)
    assert again == []
    assert [step.number for step in steps] == [*range(13), *range(12, 25)]
    assert same(weights(method), weights(whole))
    assert not list(scratch.folder.glob("[ab]/snapshot.safetensors"))


def full_disk() -> None:
    raise ValueError("no space left on this disk")


@pytest.mark.parametrize(("save", "report"), [(full_disk, nothing), (nothing, full_disk)])
def test_what_could_not_be_saved_or_reported_is_saved_without_training_again(
    llm: HostLLM, scratch: Scratch, save: Callable[[], None], report: Callable[[], None]
) -> None:
    def start(again: Callable[[int, int], None]) -> tuple[Method, trainer.Training]:
        part = Training(adamem(llm), SETTINGS, scratch, spoil=again)
        goal = part.objective()
        return part.method, trainer.Training(goal, trainer.whole(goal, SETTINGS), SETTINGS, scratch)

    trained, first = start(lambda step, part: None)
    with pytest.raises(ValueError, match="no space left"), trainer.in_turn(first, save=save) as steps:
        list(steps)
        report()
    again: list[int] = []
    saved: list[Weighed] = []
    method, second = start(lambda step, part: again.append(step))
    made(second, save=lambda: saved.append(weights(method)))
    assert again == []
    assert same(saved[0], weights(trained))
    assert scratch.load() is None


def test_two_passes_of_four_are_one_of_eight(llm: HostLLM, scratch: Scratch) -> None:
    """Answers of one length: a pass is a mean over its target tokens."""
    found = []
    for number, sizes in enumerate(((4, 2), (8, 1))):
        settings = SETTINGS.model_copy(update={"steps": 3, "batch_size": sizes[0], "accumulate": sizes[1]})
        training = Training(adamem(llm), settings, Scratch(scratch.folder / str(number)))
        training.items = [replace(item, target="Lima") for item in training.items]
        training.steps()
        found.append((weights(training.method), training.objective().validate()["loss"]))
    (first, loss), (second, other) = found
    assert loss == pytest.approx(other, abs=1e-4)
    assert all(torch.allclose(first[name], second[name], atol=2e-3) for name in first)


def phase3(llm: HostLLM, scratch: Scratch) -> tuple[Training, trainer.Trainee, Callable[[], Weighed]]:
    """A training with an unfrozen layer of the LLM, and a look at all it trains."""
    training = Training(adamem(llm), SETTINGS.model_copy(update={"steps": 24}), scratch)
    top = llm.unfreeze(1)
    trainee = trainer.with_llm(training.objective(), training.settings, top, 1e-3)
    return training, trainee, lambda: {name: weight.detach().clone() for name, weight in trainee.named().items()}


def test_an_abandoned_training_ends_as_an_uninterrupted_one(scratch: Scratch) -> None:
    """Compressor, unfrozen layers of the LLM, moments, best weights and history, all through the snapshot."""
    whole, trainee, end = phase3(tiny.make_host(), Scratch(scratch.folder / "whole"))
    expected = whole.steps(trainee)
    before = tiny.make_host().model.state_dict()
    changed = {
        name for name, weight in whole.method.host.model.state_dict().items() if not torch.equal(weight, before[name])
    }
    assert changed
    assert all(name.startswith("model.layers.2.") for name in changed)

    stopped, trainee, _ = phase3(tiny.make_host(), scratch)
    generator = trainer.fit(trainer.Training(stopped.objective(), trainee, stopped.settings, scratch))
    list(itertools.islice(generator, 17))
    del generator
    again, trainee, found = phase3(tiny.make_host(), scratch)
    steps = again.steps(trainee)
    assert same(found(), end())
    values = [{key: value for key, value in step.values.items() if key != "tokens_per_second"} for step in steps]
    assert values == [{k: v for k, v in step.values.items() if k != "tokens_per_second"} for step in expected]
    assert not scratch.folder.exists()


def test_a_snapshot_comes_back_exactly(scratch: Scratch) -> None:
    assert scratch.load() is None
    tensors = {"weight/a": torch.randn(2, 3), "moment/0/step": torch.tensor(7.0)}
    scratch.save(Snapshot(tensors, {"done": 10, "best": 1 / 3, "history": [[0, {"loss": 0.1}]]}))
    (scratch.folder / "snapshot.safetensors.part").write_bytes(b"half")
    back = scratch.load()
    assert back is not None
    assert same(back.tensors, tensors)
    assert back.numbers == {"done": 10, "best": 1 / 3, "history": [[0, {"loss": 0.1}]]}
    scratch.clear()
    assert scratch.load() is None
