"""Step 0: is everything in its place? On the real LLM, with the settings at hand, in about a minute.

Checks shapes, that the loss of one small batch falls, that the LLM stays untouched, and that a cached memory
answers as a fresh one does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from adamem import config
from adamem.data import examples
from adamem.evaluation.answering import Question
from adamem.models import host
from adamem.models.adamem import AdaMem
from adamem.training import losses

FACTS = ("Lima is the capital of Peru.", "Oslo is the capital of Norway.", "Cairo is the capital of Egypt.")
ITEMS = [
    Question(" ".join(FACTS), f"What is the capital of {country}?", capital)
    for country, capital in (("Peru", "Lima"), ("Norway", "Oslo"), ("Egypt", "Cairo"))
]
STEPS = 8


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = config.load()
    torch.manual_seed(params.seed)
    llm = host.load(Path("models/llm"), params.llm)
    model = AdaMem(params.model, llm)
    results = {**_shapes(model, params), **_learning(model), **_caching(model)}
    for name, passed in results.items():
        print(f"{'ok  ' if passed else 'FAIL'} {name}")
    sys.exit(not all(results.values()))


def _batch(model: AdaMem) -> examples.Batch:
    return examples.task_batch(ITEMS, model.host.tokenizer, model.host.frame)


def _shapes(model: AdaMem, params: config.AdaMemConfig) -> dict[str, bool]:
    batch = _batch(model)
    memory = model.compress(batch.context, batch.query)
    wanted = (len(ITEMS), params.resampler.n_latents, model.host.width)
    return {f"memory tokens are [B, K, D] = {wanted}": tuple(memory.tokens.shape) == wanted}


def _learning(model: AdaMem) -> dict[str, bool]:
    batch = _batch(model)
    before = {name: weight.clone() for name, weight in model.host.model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    seen = []
    for _ in range(STEPS):
        reading = model.read(model.compress(batch.context, batch.query), batch.prompt)
        loss = losses.answer_nll(reading.logits, reading.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(float(loss.detach()))
    untouched = all(torch.equal(weight, before[name]) for name, weight in model.host.model.state_dict().items())
    return {f"the loss falls: {seen[0]:.2f} to {seen[-1]:.2f}": seen[-1] < seen[0], "the LLM is untouched": untouched}


def _caching(model: AdaMem) -> dict[str, bool]:
    model.eval()
    batch = _batch(model)
    masks = {"query_mask": batch.query.mask, "max_new_tokens": 8}
    fresh = model.generate(batch.query.ids, batch.context.ids, context_mask=batch.context.mask, **masks)
    kept = model.encode_context(batch.context.ids, batch.context.mask)
    return {
        "a cached memory answers as a fresh one": fresh == model.generate(batch.query.ids, coarse_memory=kept, **masks),
    }


if __name__ == "__main__":
    main()
