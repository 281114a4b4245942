"""The public surface: settings in, an LLM set up, loss and answers out; a stored memory answers as a fresh one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from adamem.config import AdaMemConfig
from adamem.models.adamem import AdaMem
from adamem.models.chunk_encoder import States
from adamem.models.host import HostLLM
from adamem.models.memory import CoarseMemory
from adamem.models.records import TokenBatch
from adamem.training import losses
from tests import tiny, workplace

VARIANTS = [name for name in workplace.VARIANTS if "-" in name]


@dataclass(frozen=True)
class Tried:
    """A model and what it is asked, as plain tensors."""

    model: AdaMem
    context: TokenBatch
    query: TokenBatch

    def answer(self, context: bool = True, **others: object) -> list[list[int]]:
        """Generate from the context, or from what is given instead."""
        given = {"context_ids": self.context.ids, "context_mask": self.context.mask} if context else {}
        asked = {"query_ids": self.query.ids, "query_mask": self.query.mask, "max_new_tokens": 6}
        return self.model.generate(**{**given, **asked, **others})  # pyright: ignore[reportArgumentType]


@pytest.fixture(params=VARIANTS)
def tried(request: pytest.FixtureRequest, llm: HostLLM) -> Tried:
    torch.manual_seed(0)
    model = AdaMem(tiny.settings(workplace.VARIANTS[request.param]).model, llm)
    model.set_statistics(tiny.STATISTICS)
    tiny.stirred(model)
    batch = tiny.batch(llm)
    return Tried(model, batch.context, batch.query)


def test_the_surface_is_as_documented(llm_folder: Path) -> None:
    config = AdaMemConfig.from_yaml(tiny.ROOT / "params.yaml")
    config = tiny.settings() if config.chunk_encoder.feature_layers > 3 else config
    model = AdaMem(config.model)
    model.setup_llm(str(llm_folder), dtype="float32")
    place = model.host.device
    context_ids, query_ids, decoder_input_ids = (torch.randint(3, 300, (2, n), device=place) for n in (70, 5, 9))
    context_mask = torch.ones_like(context_ids, dtype=torch.bool)
    labels = decoder_input_ids.masked_fill(torch.arange(9, device=place) < 4, -100)
    output = model(
        context_ids=context_ids,
        context_mask=context_mask,
        query_ids=query_ids,
        decoder_input_ids=decoder_input_ids,
        labels=labels,
    )
    output.loss.backward()
    assert any(weight.grad is not None for weight in model.parameters())
    tokens = model.generate(context_ids=context_ids, query_ids=query_ids, max_new_tokens=4)
    coarse = model.encode_context(context_ids, context_mask)
    assert model.generate(query_ids=query_ids, coarse_memory=coarse, max_new_tokens=4) == tokens
    assert all(0 < len(row) <= 4 for row in tokens)


def test_the_loss_is_that_of_the_training_objective(tried: Tried) -> None:
    batch = tiny.batch(tried.model.host)
    labels = batch.prompt.after.ids.masked_fill(~batch.prompt.targets, -100)
    output = tried.model(
        context_ids=batch.context.ids,
        context_mask=batch.context.mask,
        query_ids=batch.query.ids,
        query_mask=batch.query.mask,
        decoder_input_ids=batch.prompt.after.ids,
        labels=labels,
    )
    reading = tried.model.read(tried.model.compress(batch.context, batch.query), batch.prompt)
    assert torch.allclose(output.logits, reading.logits, atol=1e-5)
    assert torch.allclose(output.loss, losses.answer_nll(reading.logits, reading.labels), atol=1e-5)


def test_a_label_that_nothing_could_predict_is_refused(tried: Tried) -> None:
    ids = torch.tensor([[5, 6, 7]])
    with pytest.raises(ValueError, match=r"labels\[:, 0\] must be -100"):
        tried.model(context_ids=ids, query_ids=ids, decoder_input_ids=ids, labels=ids)


def test_a_stored_memory_answers_to_the_byte(tried: Tried, tmp_path: Path) -> None:
    """In memory, from the disk, and by the row."""
    fresh = tried.answer()
    coarse = tried.model.encode_context(tried.context.ids, tried.context.mask)
    assert tried.answer(context=False, coarse_memory=coarse) == fresh
    coarse.save(tmp_path / "coarse.safetensors")
    stored = CoarseMemory.load(tmp_path / "coarse.safetensors", tried.model.manifest())
    assert tried.answer(context=False, coarse_memory=stored) == fresh
    for row in range(3):
        query = TokenBatch.pad([tried.query.rows()[row]])
        alone = replace(tried, query=query).answer(context=False, coarse_memory=stored.row(row))
        assert alone == [fresh[row]]


def test_one_memory_answers_several_questions_as_it_does_each(tried: Tried) -> None:
    coarse = tried.model.encode_context(tried.context.ids, tried.context.mask)
    each = [
        replace(tried, query=TokenBatch.pad([query])).answer(context=False, coarse_memory=coarse.row(0))
        for query in tried.query.rows()
    ]
    assert tried.answer(context=False, coarse_memory=coarse.row(0)) == [answer for [answer] in each]
    pair = replace(tried, query=TokenBatch.pad(tried.query.rows()[:2]))
    with pytest.raises(ValueError, match="holds 3 contexts for 2 questions: give one context, or one for each"):
        pair.answer(context=False, coarse_memory=coarse)


def test_questions_without_a_context_each_are_refused_in_training(tried: Tried) -> None:
    """One context for several questions would be scored by the sentences of its first row."""
    batch = tiny.batch(tried.model.host)
    one = TokenBatch(batch.context.ids[:1], batch.context.mask[:1])
    two = TokenBatch(batch.context.ids[:2], batch.context.mask[:2])
    picks = tried.model.resampler.extractor is not None
    for context, count in ((one, 1), (two, 2)):
        for ask in (tried.model.compress, tried.model.attend)[: 1 + picks]:
            with pytest.raises(ValueError, match=f"there are {count} contexts for 3 questions: give one context"):
                ask(context, batch.query)


def test_padding_on_the_left_is_refused(tried: Tried) -> None:
    """Chunks are cut where the first token stands."""
    ids, mask = torch.tensor([[0, 5, 6]]), torch.tensor([[False, True, True]])
    with pytest.raises(ValueError, match="pad on the right"):
        tried.model.encode_context(ids, mask)
    with pytest.raises(ValueError, match="pad on the right"):
        tried.model.generate(context_ids=ids, query_ids=ids, query_mask=mask)


def test_a_batch_of_no_rows_is_refused(tried: Tried) -> None:
    with pytest.raises(ValueError, match="no context is given"):
        tried.model.encode_context(TokenBatch.pad([]).ids)


def test_a_memory_made_from_other_layers_is_refused() -> None:
    """No weight of Stage A tells how many layers of the LLM make its features."""
    manifests = []
    for layers in (1, 2):
        torch.manual_seed(0)
        settings = tiny.settings({"chunk_encoder": {"feature_layers": layers}})
        manifests.append(AdaMem(settings.model, tiny.make_host()).manifest())
    assert manifests[0].encoder != manifests[1].encoder


def test_labels_that_ask_for_nothing_are_refused(tried: Tried) -> None:
    ids = torch.tensor([[5, 6, 7]])
    with pytest.raises(ValueError, match="-100 everywhere"):
        tried.model(context_ids=ids, query_ids=ids, decoder_input_ids=ids, labels=torch.full_like(ids, -100))


def test_labels_that_are_other_ids_are_refused(tried: Tried) -> None:
    """As those that other libraries shift by one would be."""
    ids = torch.tensor([[5, 6, 7]])
    with pytest.raises(ValueError, match="labels must be decoder_input_ids, not shifted, or -100"):
        tried.model(context_ids=ids, query_ids=ids, decoder_input_ids=ids, labels=torch.tensor([[-100, 7, 8]]))


def test_a_memory_of_another_compressor_is_refused(tried: Tried) -> None:
    coarse = tried.model.encode_context(tried.context.ids, tried.context.mask)
    with torch.no_grad():
        tried.model.chunk_encoder.score.bias.add_(0.1)
    with pytest.raises(ValueError, match="made with another LLM, tokenizer or compressor: encode it again"):
        tried.answer(context=False, coarse_memory=coarse)


def test_either_a_context_or_its_memory(tried: Tried) -> None:
    coarse = tried.model.encode_context(tried.context.ids, tried.context.mask)
    for context, memory in ((True, coarse), (False, None)):
        with pytest.raises(ValueError, match="either context_ids or coarse_memory, and not both"):
            tried.answer(context=context, coarse_memory=memory)


def test_an_answer_has_at_least_one_token(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried.model, "encode_context", lambda *_: pytest.fail("encoded before it was refused"))
    with pytest.raises(ValueError, match="max_new_tokens is 0"):
        tried.answer(max_new_tokens=0)


def test_nothing_to_read_or_to_ask_is_an_error(tried: Tried) -> None:
    nothing = torch.zeros(3, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="context 0 of the batch is empty"):
        tried.answer(context_ids=torch.ones(3, 4, dtype=torch.long), context_mask=nothing)
    with pytest.raises(ValueError, match="query 0 of the batch is empty"):
        tried.answer(query_ids=torch.ones(3, 4, dtype=torch.long), query_mask=nothing)
    with pytest.raises(ValueError, match="context 1 of the batch is empty"):
        tried.model.encode_context(tried.context.ids, tried.context.mask & torch.tensor([[True], [False], [True]]))


@pytest.mark.parametrize("change", ["zeroed", "shuffled", "query"])
def test_the_answer_depends_on_memory_and_query(tried: Tried, change: str) -> None:
    batch = tiny.batch(tried.model.host)
    with torch.no_grad():
        states = tried.model.encode(tried.context)
        changed, query = states, tried.query
        if change == "zeroed":
            changed = replace(states, keys=torch.zeros_like(states.keys), values=torch.zeros_like(states.values))
        elif change == "shuffled":
            changed = States(**{name: part.flip(0) for name, part in states.tensors().items()})
        else:
            query = TokenBatch(query.ids.flip(0), query.mask.flip(0))
        before = tried.model.read(tried.model.resample(states, tried.query), batch.prompt)
        after = tried.model.read(tried.model.resample(changed, query), batch.prompt)
    assert float((after.logits - before.logits)[before.rows == 0].abs().max()) > 1e-3


def test_memory_is_finite_and_counts_its_bytes(tried: Tried) -> None:
    coarse = tried.model.encode_context(tried.context.ids, tried.context.mask)
    states, length = tried.model.settings.chunk_encoder, tried.context.ids.shape[1]
    chunks = -(-length // states.chunk_size)
    assert coarse.keys.shape == (3, chunks * states.summary_states, tried.model.host.width)
    assert coarse.mask.sum(1).tolist() == [-(-count // states.window) for count in tried.context.mask.sum(1).tolist()]
    assert bool(coarse.keys.isfinite().all())
    assert bool(coarse.values.isfinite().all())
    assert tried.model.offline_bytes(length) == coarse.bytes_per_token() * length


def test_the_same_seed_makes_the_same_model(llm: HostLLM, tmp_path: Path) -> None:
    folder = workplace.furnish(tmp_path / "models", "soft_prefix-random")
    statistics = folder / "features" / "statistics.safetensors"
    made = [AdaMem.fresh(tiny.settings().model, llm, statistics, seed).state_dict() for seed in (3, 3, 4)]
    assert all(torch.equal(tensor, made[1][name]) for name, tensor in made[0].items())
    assert any(not torch.equal(tensor, made[2][name]) for name, tensor in made[0].items())
    with pytest.raises(ValueError, match=r"none.safetensors: cannot be read .*run `dvc repro features`"):
        AdaMem.fresh(tiny.settings().model, llm, tmp_path / "none.safetensors", 0)


def test_statistics_of_another_width_are_refused(llm: HostLLM) -> None:
    narrow = {name: tensor[:5] for name, tensor in tiny.STATISTICS.tensors().items() if tensor.dim()}
    with pytest.raises(ValueError, match="statistics of width 5 for an LLM of width 32"):
        AdaMem(tiny.settings().model, llm).set_statistics(replace(tiny.STATISTICS, **narrow))
