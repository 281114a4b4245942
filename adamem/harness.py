"""EleutherAI's lm-evaluation-harness on an AdaMem checkpoint: its tasks, its prompts, its metrics.

    pip install 'adamem[harness]'
    python -m adamem.harness --checkpoint models/phase2 --tasks my_task --include-path my/tasks --output_dir scores

A task of the harness is one text; AdaMem reads a context through a memory and a question as it stands. So each prompt
is cut (`split`): what stands before its last question is the context. A prompt that is only a question has nothing to
compress and is its own context: such tasks say little about a memory. Answers are given in the frame the checkpoint
was trained in, so the harness' chat templates do not apply.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from adamem import config, trained
from adamem.commands import plain_errors, writable
from adamem.data.examples import target_prompt
from adamem.data.staged import write_text
from adamem.evaluation.answering import Question, answers
from adamem.models.frame import encode, encode_after_colon
from adamem.models.method import Method
from adamem.models.records import TokenBatch

_ASKS = re.compile(r"^(?:Question|Q): *", flags=re.MULTILINE | re.IGNORECASE)
_ANSWERS = re.compile(r"\s*^(?:Answer|A):\s*\Z", flags=re.MULTILINE | re.IGNORECASE)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m adamem.harness", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a trained compressor")
    parser.add_argument("--tasks", nargs="+", required=True, help="names of tasks, as the harness lists them")
    parser.add_argument("--include-path", type=Path, help="folder with tasks of your own (YAML)")
    parser.add_argument("--limit", type=int, help="examples of each task (default: all)")
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with models/ (default: here)")
    parser.add_argument("--output-dir", "--output_dir", type=Path, help="where results.json goes (default: only print)")
    asked = parser.parse_args(arguments)
    if asked.limit is not None and asked.limit < 1:
        parser.error(f"--limit {asked.limit}: at least one example of each task, or leave it out for all")
    with plain_errors():
        if asked.output_dir:
            writable(asked.output_dir)
        params = config.load(asked.config)
        model = trained.load(asked.checkpoint, asked.root / "models/llm", params.llm)
        results = run(Reader(model, params.evaluation), asked.tasks, asked.include_path, asked.limit)
        text = json.dumps(results, indent=1, default=str)
        print(text)
        if asked.output_dir:
            write_text(asked.output_dir / "results.json", text + "\n")


def split(prompt: str) -> tuple[str, str]:
    """Context and question of a prompt: cut before the last line that begins with `Question:` or `Q:`, else before the
    last paragraph, else before the last line; the labels of question and answer go, as the frame has its own."""
    text = _ANSWERS.sub("", prompt).strip()
    marks = list(_ASKS.finditer(text))
    at = marks[-1].start() if marks else max(text.rfind("\n\n"), 0) or max(text.rfind("\n"), 0)
    context, question = text[:at].strip(), _ASKS.sub("", text[at:].strip(), count=1)
    return context or question, question


@dataclass(frozen=True)
class Reader:
    """A method as a language model: the likelihood of continuations, and greedy ones."""

    method: Method
    settings: config.Evaluation

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[float, bool]]:
        """Log-likelihood of each continuation behind its prompt, and whether it is the greedy one.

        Raises:
            ValueError: a prompt or a continuation is empty.
        """
        self.method.eval()
        size = self.settings.batch_size
        for start in range(0, len(pairs), size):
            yield from self._likelihoods(pairs[start : start + size])

    @torch.no_grad()
    def _likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        llm = self.method.host
        parts = [split(prompt) for prompt, _ in pairs]
        questions = [encode_after_colon(llm.tokenizer, question) for _, question in parts]
        continued = [encode_after_colon(llm.tokenizer, text) for _, text in pairs]
        if not all(continued):
            raise ValueError(f"the continuation {pairs[continued.index([])][1]!r} is empty: it has no likelihood")
        context = TokenBatch.pad([encode(llm.tokenizer, context) for context, _ in parts], llm.device)
        memory = self.method.compress(context, TokenBatch.pad(questions, llm.device))
        given = [llm.frame.prompt(question) for question in questions]
        reading = self.method.read(memory, target_prompt(llm.frame.before, given, continued).to(llm.device))
        told = reading.logits.log_softmax(-1).gather(1, reading.labels[:, None])[:, 0]
        right = reading.logits.argmax(-1) == reading.labels
        rows = [reading.rows == row for row in range(len(pairs))]
        return [(float(told[row].sum()), bool(right[row].all())) for row in rows]

    def continuations(self, asked: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
        """Greedy continuations, each up to the first of its `until` texts or `max_gen_toks` tokens.

        Raises:
            ValueError: a prompt is empty, sampling is asked for, or no token.
        """
        if any(given.get("do_sample") for _, given in asked):
            raise ValueError("do_sample is true, but answers are greedy: set it to false")
        return [self._continuation(prompt, given) for prompt, given in asked]

    def _continuation(self, prompt: str, given: dict[str, Any]) -> str:
        longest = int(given.get("max_gen_toks", self.settings.max_new_tokens))
        if longest < 1:
            raise ValueError(f"max_gen_toks is {longest}, and an answer has a token or more")
        settings = self.settings.model_copy(update={"max_new_tokens": longest})
        [answer] = answers(self.method, [Question(*split(prompt))], settings)
        until = given.get("until") or []
        stops = [until] if isinstance(until, str) else [stop for stop in until if stop]
        return answer.text[: min([answer.text.find(stop) for stop in stops if stop in answer.text], default=None)]


def language_model(reader: Reader) -> Any:
    """The reader as the harness wants it, an `lm_eval.api.model.LM`.

    Raises:
        ValueError: lm-eval is not installed.
    """
    try:
        from lm_eval.api.model import LM  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ValueError(f"lm-eval cannot be imported ({error}); pip install 'adamem[harness]'") from error

    class AdaMemLM(LM):
        def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
            return list(reader.likelihoods([request.args for request in requests]))

        def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
            raise ValueError("a task of rolling likelihood asks no question: there is nothing to make a memory for")

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            return reader.continuations([request.args for request in requests])

    return AdaMemLM()


def run(reader: Reader, tasks: Sequence[str], folder: Path | None, limit: int | None) -> dict[str, Any]:
    """The harness' results by task.

    Raises:
        ValueError: lm-eval is not installed, there is no such task, or a task asks what AdaMem cannot answer.
    """
    model = language_model(reader)
    import lm_eval  # pyright: ignore[reportMissingImports]
    from lm_eval.tasks import TaskManager  # pyright: ignore[reportMissingImports]

    manager = TaskManager(include_path=None if folder is None else str(folder))
    unknown = [name for name in tasks if name not in manager.all_tasks]
    if unknown:
        raise ValueError(f"the harness has no task {', '.join(unknown)}; `lm-eval ls tasks` lists what it has")
    found = lm_eval.simple_evaluate(model, tasks=list(tasks), limit=limit, task_manager=manager, bootstrap_iters=0)
    return found["results"] if found else {}


if __name__ == "__main__":
    main()
