"""What an answer costs: every way is timed on the same text, what is kept is weighed, ratios say what they are of."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import torch

from adamem.baselines.bounds import PlainText
from adamem.baselines.catalogue import Bench
from adamem.data import tokens
from adamem.data.documents import Document
from adamem.evaluation import cost, cost_report, peer_cost
from tests import tiny, workplace

SETTINGS = tiny.settings().efficiency.model_copy(update={"lengths": (16, 40), "repeats": 1, "batch_size": 3})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    models = workplace.furnish(tmp_path_factory.mktemp("models"), "soft_prefix-retrieval")
    return Bench(tiny.make_host(), tiny.settings(), models, models / "baselines/rag/embedder")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, bench: Bench) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tokens"
    documents = [Document(f"speech:{number}", " ".join(tiny.FACTS)) for number in range(80)]
    tokens.write(documents, bench.host.tokenizer, folder, bench.params.data.tokens, 8)
    return folder


def test_every_way_is_timed_and_everything_kept_is_weighed(bench: Bench, corpus: Path) -> None:
    found = dict(cost.measure(bench, corpus, SETTINGS))
    assert list(found) == [16, 40]
    for length, row in found.items():
        assert all(value > 0 for value in row.values())
        assert row["full_kv_bytes"] / length == row["adamem_kv_bytes"] / bench.memory_tokens
        states = length // bench.params.chunk_encoder.window
        assert row["memory_bytes"] == states * (2 * 2 * bench.host.width + 9)
    report = cost_report.report(found, {}, SETTINGS.batch_size, {})
    assert report["ratios"]["ttft_full_over_cached_4096"] is None
    assert report["ratios"]["ttft_cached_over_limit"] > 0
    assert report["lengths"]["16"]["adamem_queries_per_second"] == pytest.approx(3 / found[16]["adamem_batch_seconds"])


def test_a_reused_text_answers_as_a_fresh_one_and_again(bench: Bench, corpus: Path) -> None:
    text = cost.texts(corpus, (24,), torch.device("cpu"))[24]
    scene = cost.Scene(bench, cost.adamem(bench), text)
    with torch.no_grad():
        full = cost.held(scene, PlainText(bench.host, full=True).compress(text, scene.question))
        acts = cost.ways(scene, full, SETTINGS)
        fresh = acts["full_cold"]()
        again = [acts["full_reused"]() for _ in range(2)]
    assert isinstance(fresh, list)
    assert [token.tolist() for token in again if isinstance(token, torch.Tensor)] == [fresh[0]] * 2


def test_the_high_water_mark_counts_what_is_resident_and_does_not_fall() -> None:
    before = cost._high_water()
    block = torch.ones(30_000_000, dtype=torch.int8)
    after = cost._high_water()
    assert 0 < before <= after
    assert after > 0.99 * psutil.Process().memory_info().rss  # the kernel counts in batches
    del block
    assert cost._high_water() > 0.99 * after


def test_ratios_are_of_what_they_say() -> None:
    rows = {
        length: {
            "adamem_cached_seconds": 1.0 + length / 8192,
            "limit_seconds": 1.0,
            "full_cold_seconds": length / 64,
            "encode_seconds": length / 1024,
            "full_kv_bytes": 40.0 * length,
            "memory_bytes": 10.0 * length,
        }
        for length in (512, 4096, 8192)
    }
    training = {"trainer_step_seconds": 2.0, "plain_trainer_step_seconds": 5.0}
    assert cost_report.ratios(rows, {})["trainer_over_plain"] is None
    assert cost_report.ratios(rows, training) == {
        "ttft_cached_over_limit": 2.0,
        "ttft_cached_8192_over_512": pytest.approx(2 / 1.0625),
        "ttft_full_over_cached_4096": pytest.approx(64 / 1.5),
        "prefill_over_encode_4096": pytest.approx(16.0),
        "encode_8192_over_4096": pytest.approx(2.0),
        "kv_bytes_over_memory_bytes": pytest.approx(4.0),
        "trainer_over_plain": 2.5,
    }
    assert cost_report.queries_until_paid(rows[4096]) == pytest.approx(4 / 62.5)
    assert cost_report.queries_until_paid({**rows[512], "full_cold_seconds": 0.5}) is None


def test_a_text_longer_than_the_corpus_is_refused(corpus: Path) -> None:
    with pytest.raises(ValueError, match=r"efficiency\.lengths: 999999 tokens, but all validation documents have"):
        cost.texts(corpus, (999_999,), torch.device("cpu"))


def test_peers_are_timed_beside_ours_and_kept_entries_answer_as_fresh_ones(bench: Bench, corpus: Path) -> None:
    for package in ("kvpress", "llmlingua"):
        workplace.skip_without(package)
    text = cost.texts(corpus, (60,), torch.device("cpu"))[60]
    with torch.no_grad():
        acts = peer_cost.ways(cost.Scene(bench, cost.adamem(bench), text))
        answers = {name: act() for name, act in acts.items()}
        again = acts["kvpress_expected_attention_reused"]()
    assert answers["kvpress_expected_attention"] == answers["kvpress_expected_attention_reused"] == again
    [(length, row)] = peer_cost.measure(bench, corpus, SETTINGS.model_copy(update={"lengths": (60,)}))
    assert length == 60
    assert set(row) == {f"{name}_seconds" for name in acts}
    assert all(value > 0 for value in row.values())
