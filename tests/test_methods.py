"""Laws that hold for every method of the catalogue, all interfaces, both starts and both baseline encoders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adamem.baselines import catalogue
from adamem.data.examples import Batch, question_prompt
from adamem.evaluation.answering import Question
from adamem.models import checkpoint
from adamem.models.method import Method
from adamem.models.records import Prompt, Reading, TokenBatch
from tests import tiny, workplace
from tests.workplace import CASES, Case

TRAINED = [case for case in CASES if case.name in {"adamem", "adamem_step0", *catalogue.EMPTY}]
COMPRESSORS = {name for name in catalogue.METHODS if name.startswith("adamem")} | {
    "icae",
    "autocompressor",
    "mean_pool",
}
TOLERANCE = 1e-4
K = tiny.SIZES["resampler"]["n_latents"]
WINDOW = tiny.SIZES["chunk_encoder"]["chunk_size"] // tiny.SIZES["chunk_encoder"]["summary_states"]
every_method = pytest.mark.parametrize("case", CASES, ids=str)

Load = Callable[[Case], Method]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder `models/` of a variant; made when it is first asked for."""
    folders: dict[str, Path] = {}

    def furnish(variant: str) -> Path:
        if variant not in folders:
            folders[variant] = workplace.furnish(tmp_path_factory.mktemp(variant) / "models", variant)
        return folders[variant]

    return furnish


@pytest.fixture(scope="module")
def load(furnished: Callable[[str], Path]) -> Load:
    """A method of the catalogue, loaded once."""
    loaded: dict[Case, Method] = {}

    def get(case: Case) -> Method:
        if case not in loaded:
            loaded[case] = workplace.load(case, furnished(case.variant))
        return loaded[case]

    return get


def read(method: Method, batch: Batch) -> Reading:
    return method.read(method.compress(batch.context, batch.query), batch.prompt)


def write(method: Method, items: list[Question], count: int = 5) -> list[list[int]]:
    batch = tiny.batch(method.host, items)
    prompt = question_prompt(batch.query.rows(), method.host.frame)
    return method.write(method.compress(batch.context, batch.query), prompt, count)


def widened(tokens: TokenBatch, by: int = 5) -> TokenBatch:
    """The same tokens with padding behind them that holds arbitrary ids."""
    junk = torch.full((len(tokens.ids), by), 77)
    return TokenBatch(torch.cat([tokens.ids, junk], 1), torch.cat([tokens.mask, junk < 0], 1))


def digest(method: Method) -> str:
    weights = method.host.model.state_dict()
    parts = [name.encode() + tensor.numpy().tobytes() for name, tensor in sorted(weights.items())]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def close(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and bool(((found - expected).abs() < TOLERANCE).all())


@every_method
def test_padding_changes_nothing(case: Case, load: Load) -> None:
    method = load(case)
    batch = tiny.batch(method.host)
    prompt = batch.prompt
    after = widened(prompt.after)
    targets = torch.cat([prompt.targets, torch.zeros(len(after.ids), 5, dtype=torch.bool)], 1)
    padded = replace(
        batch, context=widened(batch.context), query=widened(batch.query), prompt=Prompt(prompt.before, after, targets)
    )
    plain, wide = read(method, batch), read(method, padded)
    assert close(wide.logits, plain.logits)
    assert close(wide.memory.tokens, plain.memory.tokens)
    assert wide.memory.lengths().tolist() == plain.memory.lengths().tolist()


@every_method
def test_a_batch_equals_its_items_one_by_one(case: Case, load: Load) -> None:
    method = load(case)
    together = read(method, tiny.batch(method.host))
    written = write(method, tiny.ITEMS)
    for row, item in enumerate(tiny.ITEMS):
        alone = read(method, tiny.batch(method.host, [item]))
        assert close(alone.logits, together.logits[together.rows == row])
        assert alone.labels.tolist() == together.labels[together.rows == row].tolist()
        assert close(alone.memory.tokens[0], together.memory.tokens[row])
        assert alone.memory.lengths().tolist() == together.memory.lengths()[row : row + 1].tolist()
        assert write(method, [item]) == [written[row]]


@every_method
def test_the_frozen_llm_stays_as_it_is(case: Case, load: Load) -> None:
    method = load(case)
    before = digest(method)
    method.train()
    loss = read(method, tiny.batch(method.host)).logits.square().mean()
    if loss.requires_grad:
        loss.backward()
        torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.1).step()
    method.eval()
    write(method, tiny.ITEMS)
    assert digest(method) == before
    assert all(weight.grad is None and not weight.requires_grad for weight in method.host.model.parameters())
    trained = {name: weight for name, weight in method.named_parameters() if weight.requires_grad}
    assert loss.requires_grad == bool(trained)
    if case.name != "adamem_query_only":  # its memory is empty, whoever encoded it
        assert [name for name, weight in trained.items() if weight.grad is None] == []
    assert method.trainable_parameters() == sum(weight.numel() for weight in trained.values()) + method.host.unfrozen
    shared = {weight.data_ptr() for weight in method.host.model.state_dict().values()}
    assert not shared & {tensor.data_ptr() for tensor in method.state_dict().values()}
    method.zero_grad(set_to_none=True)


@every_method
def test_teacher_forced_arg_max_equals_greedy_generation(case: Case, load: Load) -> None:
    method = load(case)
    frame = method.host.frame
    batch = tiny.batch(method.host)
    questions = batch.query.rows()
    given = [frame.prompt(question) for question in questions]
    answers = write(method, tiny.ITEMS)
    after = TokenBatch.pad([start + answer for start, answer in zip(given, answers, strict=True)])
    columns = torch.arange(after.ids.shape[1])
    targets = after.mask & (columns >= torch.tensor([len(start) for start in given])[:, None])
    memory = method.compress(batch.context, batch.query)
    reading = method.read(memory, Prompt(torch.tensor(frame.before), after, targets))
    assert reading.logits.argmax(-1).tolist() == reading.labels.tolist()
    assert len(reading.labels) > len(answers)


@every_method
def test_the_memory_takes_as_many_decoder_positions_as_it_may(case: Case, load: Load) -> None:
    method = load(case)
    batch = tiny.batch(method.host)
    memory = method.compress(batch.context, batch.query)
    taken, tokens = memory.lengths(), batch.context.mask.sum(1)
    if case.name in COMPRESSORS:
        assert memory.tokens.shape == (3, K, method.host.width)
        assert taken.tolist() == [K] * 3
    elif case.name.startswith("rag") and case.name.endswith(("tuned", "written")):
        soft = tiny.SIZES["resampler"]["n_fused"]
        assert taken.tolist() == (tokens.clamp_max(K - soft) + soft).tolist()
    elif case.name == "picks_as_text_tuned":
        soft = tiny.SIZES["resampler"]["n_fused"]
        text = taken - soft  # the windows' tokens, and at most a line break between any two
        assert bool(((text > 0) & (text <= tokens.clamp_max((K - soft) * WINDOW) + K - soft - 1)).all())
    elif case.name.startswith("kvpress"):
        assert taken.tolist() == (tokens.clamp_max(K) + (K if "tuned" in case.name else 0)).tolist()
    elif case.name.startswith("longllmlingua"):
        text = taken - (K if "tuned" in case.name else 0)
        assert bool(((text > 0) & (text <= tokens.clamp_max(128 if "128" in case.name else K))).all())
    elif case.name.startswith("rag"):
        budget = K if case.name.endswith("_k") else K * WINDOW
        assert taken.tolist() == tokens.clamp_max(budget).tolist()
    else:
        soft = K if "tuned" in case.name else 0
        assert taken.tolist() == ((tokens if case.name.startswith("full") else 0 * tokens) + soft).tolist()


@every_method
def test_the_answer_depends_on_the_context(case: Case, load: Load) -> None:
    method = load(case)
    batch = tiny.batch(method.host)
    other = replace(batch, context=TokenBatch(batch.context.ids.roll(1, 0), batch.context.mask.roll(1, 0)))
    before, after = read(method, batch), read(method, other)
    change = float((before.logits - after.logits).detach().abs().max())
    assert (change > 1e-2) != case.name.startswith(("no_context", "adamem_query_only"))


@every_method
def test_nothing_to_read_or_to_ask_is_an_error(case: Case, load: Load) -> None:
    method = load(case)
    batch = tiny.batch(method.host)
    empty = TokenBatch.pad([[], [5, 6], [7]])
    with pytest.raises(ValueError, match="query 0 of the batch is empty"):
        method.compress(batch.context, empty)
    if case.name.startswith("no_context"):
        assert method.compress(empty, batch.query).tokens.shape[0] == 3
    else:
        with pytest.raises(ValueError, match="context 0 of the batch is empty"):
            method.compress(empty, batch.query)


@every_method
@pytest.mark.parametrize("length", [1, 3, 700])
def test_contexts_of_any_length(case: Case, length: int, load: Load) -> None:
    """A single token, less than there are segments, and far more than any training context."""
    method = load(case)
    query = tiny.ids(method.host, "Which?", "What is the capital?")
    generator = torch.Generator().manual_seed(length)
    long = torch.randint(3, 300, (length,), generator=generator).tolist()
    alone = method.compress(TokenBatch.pad([long]), TokenBatch.pad(query.rows()[:1]))
    memory = method.compress(TokenBatch.pad([long, [5] * 40]), query)
    assert bool(memory.tokens.isfinite().all())
    assert close(memory.tokens[:1], alone.tokens)
    prompt = question_prompt(query.rows(), method.host.frame)
    assert all(len(row) <= 3 for row in method.write(memory, prompt, 3))


@pytest.mark.parametrize("case", TRAINED, ids=str)
def test_a_checkpoint_brings_a_method_back_exactly(case: Case, load: Load, furnished, tmp_path: Path) -> None:
    method = load(case)
    checkpoint.save(method, tmp_path / "saved", workplace.settings_of(method))
    fresh = tiny.stirred(workplace.untrained(case, furnished(case.variant)), seed=7)
    back = checkpoint.load_into(fresh, tmp_path / "saved").eval()
    expected = method.state_dict()
    assert back.state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in back.state_dict().items())
    batch = tiny.batch(method.host)
    for weight, other in zip(back.parameters(), method.parameters(), strict=True):
        weight.requires_grad_(other.requires_grad)  # torch attends by another kernel where gradients are wanted
    assert torch.equal(read(back, batch).logits, read(method, batch).logits)
