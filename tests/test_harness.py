"""The adapter for lm-evaluation-harness: how prompts are cut, what likelihoods are, and a local task of each kind."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from adamem import harness
from adamem.evaluation import answering
from adamem.models.adamem import AdaMem
from adamem.models.frame import encode_after_colon
from adamem.models.host import HostLLM
from tests import tiny
from tests.benchmarks.public.rows import json_lines

PARAMS = tiny.settings({"evaluation": {"batch_size": 3, "max_new_tokens": 5}})
TEXT = " ".join(tiny.FACTS)


@pytest.fixture(scope="module")
def reader(llm: HostLLM) -> harness.Reader:
    torch.manual_seed(0)
    model = AdaMem(PARAMS.model, llm)
    model.set_statistics(tiny.STATISTICS)
    return harness.Reader(tiny.stirred(model), PARAMS.evaluation)


@pytest.mark.parametrize(
    ("prompt", "context", "question"),
    [
        ("A text.\nQuestion: Who?\nAnswer:", "A text.", "Who?"),
        ("Q: a?\nA: b\n\nA text.\nQ: Who?\nA:", "Q: a?\nA: b\n\nA text.", "Who?"),
        ("A text.\nOf lines.\n\nWho is it?", "A text.\nOf lines.", "Who is it?"),
        ("A text.\nWho is it?", "A text.", "Who is it?"),
        ("A text.\nquestion: Who is it?\nanswer:", "A text.", "Who is it?"),
        ("Who is it?", "Who is it?", "Who is it?"),
        ("Question: Who?\nAnswer:", "Who?", "Who?"),
    ],
)
def test_a_prompt_is_cut_before_its_last_question(prompt: str, context: str, question: str) -> None:
    assert harness.split(prompt) == (context, question)


def test_likelihoods_do_not_depend_on_the_batch(reader: harness.Reader) -> None:
    prompts = [f"{TEXT}\nQuestion: {question}\nAnswer:" for question in ("Which capital?", "Rice?", "Who runs, then?")]
    pairs = [(prompt, text) for prompt in prompts for text in (" Lima", " Cairo and the Nile")]
    together = list(reader.likelihoods(pairs))
    alone = [one for pair in pairs for one in reader.likelihoods([pair])]
    assert [value for value, _ in together] == pytest.approx([value for value, _ in alone], abs=1e-4)
    assert all(value < 0 for value, _ in together)


def test_an_llm_that_expects_everything_alike_and_then_one_word() -> None:
    """Without output weights every token has probability 1/V; with some for one token, it is the greedy one or the
    last, by their sign."""
    host = tiny.make_host()
    [token] = encode_after_colon(host.tokenizer, "is")
    reader = harness.Reader(AdaMem(PARAMS.model, host).eval(), PARAMS.evaluation)
    head = host.model.get_output_embeddings().weight
    head.zero_()
    prompt, length = f"{TEXT}\nQuestion: Who?", len(encode_after_colon(host.tokenizer, "Lima"))
    assert next(reader.likelihoods([(prompt, "Lima")])) == (pytest.approx(-length * math.log(320), abs=1e-3), False)
    greedy = []
    for sign in (1, -1):
        head[token] = sign
        greedy.append(next(reader.likelihoods([(prompt, "is")]))[1])
    assert sorted(greedy) == [False, True]


def test_a_likelihood_is_a_product_of_probabilities(reader: harness.Reader) -> None:
    """Over all tokens that can follow, probabilities sum to 1: those of some are below it."""
    prompt = f"{TEXT}\nQuestion: Who?"
    first = [next(reader.likelihoods([(prompt, text)]))[0] for text in ("a", "b", "c", "Lima")]
    assert sum(math.exp(value) for value in first) < 1
    longer = next(reader.likelihoods([(prompt, "a b")]))[0]
    assert longer < first[0]


def test_answers_end_at_the_stop_text_and_at_the_longest(reader: harness.Reader) -> None:
    prompt = f"{TEXT}\nQuestion: Which capital has Peru?"
    [whole] = reader.continuations([(prompt, {})])
    assert whole == answering.ask(reader.method, TEXT, "Which capital has Peru?", PARAMS.evaluation).text
    stop = whole[1:3]
    assert reader.continuations([(prompt, {"until": [stop]}), (prompt, {"until": stop})]) == [whole[:1]] * 2
    assert len(reader.continuations([(prompt, {"max_gen_toks": 1})])[0]) < len(whole)


def test_what_cannot_be_asked_is_said(reader: harness.Reader) -> None:
    with pytest.raises(ValueError, match="do_sample is true, but answers are greedy"):
        reader.continuations([("Who?", {"do_sample": True})])
    with pytest.raises(ValueError, match="the continuation ' ' is empty"):
        list(reader.likelihoods([("Who?", " ")]))
    with pytest.raises(ValueError, match="max_gen_toks is 0"):
        reader.continuations([("Who?", {"max_gen_toks": 0})])


GENERATE = """\
task: local_capitals
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{context}}}}\\nQuestion: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n"], max_gen_toks: 4, do_sample: false}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""
CHOOSE = """\
task: local_choices
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}\\nQuestion: {{{{question}}}}\\nAnswer:"
doc_to_choice: [Lima, Oslo]
doc_to_target: 0
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def test_no_example_of_a_task_is_refused_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        harness.main(["--checkpoint", "none", "--tasks", "any", "--limit", "0"])
    assert "--limit 0: at least one example" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what lm-eval and its own imports warn of is theirs
def test_local_tasks_of_the_harness_run_on_a_checkpoint(
    reader: harness.Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lm_eval")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    made = [{"context": TEXT, "question": f"Which {n}?", "answer": "Lima"} for n in range(4)]
    path = json_lines(tmp_path / "rows.jsonl", made)
    for name, text in {"capitals": GENERATE, "choices": CHOOSE}.items():
        (tmp_path / f"{name}.yaml").write_text(text.format(rows=json.dumps(str(path))), encoding="utf-8")
    found = harness.run(reader, ["local_capitals", "local_choices"], tmp_path, 3)
    assert found["local_capitals"]["exact_match,none"] in (0, 1 / 3, 2 / 3, 1)
    pairs = [(f"{TEXT}\nQuestion: Which {n}?\nAnswer:", text) for n in range(3) for text in (" Lima", " Oslo")]
    told = [value for value, _ in reader.likelihoods(pairs)]
    right = sum(lima > oslo for lima, oslo in zip(told[::2], told[1::2], strict=True))
    assert found["local_choices"]["acc,none"] == pytest.approx(right / 3)
    with pytest.raises(ValueError, match="the harness has no task none_such"):
        harness.run(reader, ["none_such"], tmp_path, 3)


def test_a_users_mistake_ends_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"error: params\.yaml: cannot be read"):
        harness.main(["--checkpoint", "none", "--tasks", "x"])
