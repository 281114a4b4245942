"""What each training reads at a time, from the settings alone, and the letters of all formulas."""

from __future__ import annotations

from dataclasses import dataclass

from adamem import config
from adamem.models.extractor import FACETS, POOL
from adamem.planning.formula import Letters
from adamem.planning.shape import LlmShape

FRAME_BEFORE, FRAME_AFTER = 16, 14  # tokens of the chat frame; those of SmolLM2, other templates differ little
QUESTION = 16  # tokens of a question; the longest of groups A, B and D in test have so many

LETTERS = {
    "D": "width of the LLM",
    "V": "vocabulary",
    "G": "decoder layers",
    "F": "layers that make features",
    "W": "weights of the matrices in a layer",
    "b": "biases in a layer",
    "a": "attention heads",
    "A": "width of all attention heads",
    "E": "width of all key (or value) heads",
    "I": "inner width of a layer's feed-forward part",
    "J": "tensors of that width kept for the backward pass",
    "Q": "widths that the norms of a layer read",
    "e": "bytes of a number of the LLM",
    "P": "tokens a chunk",
    "S": "states a chunk",
    "h": "width of the chunk transformer",
    "K": "memory tokens",
    "R": "picked ones",
    "U": "fused ones",
    "Z": "facets of what a query asks for",
    "r": "width of the fusing path",
    "m": "hidden width of the projection",
    "x": "hidden width of the interface",
    "L": "context tokens",
    "Lq": "query tokens",
    "N": "chunks a context",
    "M": "states a context",
    "C": "states that are fused",
    "T": "positions that the LLM reads",
    "X": "memory tokens in its cache instead",
    "Y": "positions that the teacher reads",
    "n": "target tokens",
    "s": "distributions over the vocabulary kept for the backward pass",
    "u": "unfrozen layers",
}


@dataclass(frozen=True)
class Work:
    """One training: the lengths of an example in tokens, and what is done with it.

    `before` and `after` stand around the memory; `after` includes the query and the `targets`. A training that does
    not read (`reads`) teaches the selector from early features alone.
    """

    name: str
    optimiser: config.Optimiser
    context: int
    query: int
    before: int
    after: int
    targets: int
    reads: bool = True
    teacher: bool = False
    distils: bool = False
    unfrozen: int = 0

    @property
    def examples(self) -> int:
        """Examples of one optimiser step."""
        return self.optimiser.batch_size * self.optimiser.accumulate

    @property
    def tokens(self) -> int:
        """Tokens of an example: context, and what stands behind the memory where it is read."""
        return self.context + (self.after if self.reads else 0)

    @property
    def validated(self) -> int:
        """Examples of all validations: before the first step, at every `validate_every`-th, after the last."""
        settings = self.optimiser
        return settings.validation_examples * (1 + -(-settings.steps // settings.validate_every))


def works(params: config.AdaMemConfig, question: int = QUESTION) -> tuple[Work, ...]:
    """The trainings of AdaMem in their order. Batches are padded to their longest row, so every context of a task
    counts with the groups' largest `max_tokens`, and every answer with `evaluation.max_new_tokens`.

    Args:
        question: tokens of a question.
    """
    text, answer = params.phase1.teacher, params.evaluation.max_new_tokens
    context = max(getattr(params.benchmarks, group).max_tokens for group in config.GROUPS)
    after = FRAME_AFTER + question + answer
    ahead = text.prefix_tokens + text.continuation_tokens
    sizes = (context, question, FRAME_BEFORE, after, answer)
    first = Work(
        "phase1",
        params.phase1.optimiser,
        *(text.context_tokens, text.prefix_tokens, 0, ahead, text.continuation_tokens),
        teacher=text.kind == "on_the_fly",
        distils=params.phase1.kl > 0,
    )
    selector = Work("phase2.selector", params.phase2.selector, *sizes, reads=False)
    second = Work("phase2", params.phase2.optimiser, *sizes)
    third = Work("phase3", params.phase3.optimiser, *sizes, unfrozen=params.phase3.unfrozen_layers)
    picks = params.resampler.start == "retrieval"
    return (first, selector, second, third) if picks else (first, second, third)


def letters(llm: LlmShape, params: config.AdaMemConfig, work: Work) -> Letters:
    """Every letter's value for a training.

    Raises:
        ValueError: more layers make features, or are unfrozen, than the LLM has.
    """
    for key, layers in (
        ("chunk_encoder.feature_layers", params.chunk_encoder.feature_layers),
        ("phase3.unfrozen_layers", params.phase3.unfrozen_layers),
    ):
        if layers > llm.layers:
            raise ValueError(f"{key} is {layers}, but the LLM has {llm.layers} layers: choose at most {llm.layers}")
    return _of_llm(llm, params) | _of_model(params) | _of_example(params, work)


def _of_llm(llm: LlmShape, params: config.AdaMemConfig) -> dict[str, int]:
    return {
        "D": llm.width,
        "V": llm.vocabulary,
        "G": llm.layers,
        "F": params.chunk_encoder.feature_layers,
        "W": llm.linear,
        "b": llm.biases,
        "a": llm.heads,
        "A": llm.heads_width,
        "E": llm.kv_width,
        "I": llm.inner,
        "J": llm.inner_saved,
        "Q": llm.norms,
        "e": 4 if params.llm.dtype == "float32" else 2,
    }


def _of_model(params: config.AdaMemConfig) -> dict[str, int]:
    encoder, resampler = params.chunk_encoder, params.resampler
    picks = resampler.start == "retrieval"
    fused = resampler.n_fused if picks else resampler.n_latents
    return {
        "P": encoder.chunk_size,
        "S": encoder.summary_states,
        "h": encoder.hidden,
        "K": resampler.n_latents,
        "R": resampler.n_latents - fused,
        "U": fused,
        "Z": FACETS,
        "r": resampler.hidden,
        "m": params.projection.hidden if isinstance(params.projection, config.MlpProjection) else 0,
        "x": params.interface.hidden if isinstance(params.interface, config.PrefixKV) else 0,
    }


def _of_example(params: config.AdaMemConfig, work: Work) -> dict[str, int]:
    encoder, resampler = params.chunk_encoder, params.resampler
    chunks = -(-work.context // encoder.chunk_size)
    states = chunks * encoder.summary_states
    picks = resampler.start == "retrieval"
    cached = isinstance(params.interface, config.PrefixKV)
    return {
        "L": work.context,
        "Lq": work.query,
        "N": chunks,
        "M": states,
        "C": min(states, POOL * (resampler.n_latents - resampler.n_fused)) if picks else states,
        "T": work.before + work.after + (0 if cached else resampler.n_latents),
        "X": resampler.n_latents if cached else 0,
        "Y": work.context + work.after,
        "n": work.targets,
        "s": 2 if work.distils else 1,
        "u": work.unfrozen,
    }
