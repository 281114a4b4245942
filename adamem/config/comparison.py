"""What is compared, on what, and how it is judged: benchmark groups, baselines, evaluation, cost, analysis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from adamem.config.section import PositiveInt, Section
from adamem.config.sources import FactsSource, PublicSource, Wheel
from adamem.config.training import Optimiser

Group = Literal["A", "B", "C", "D"]
GROUPS: tuple[Group, ...] = ("A", "B", "C", "D")
LIST_LENGTH = (2, 3)  # what decides items stands in params.yaml or, as this, never changes


class Benchmark(Section):
    """Where the items of a group come from, which kinds of question it asks (none named: all it has), how many items
    are made of them, and how long their contexts are (LLM tokens)."""

    source: Annotated[FactsSource | PublicSource, Field(discriminator="kind")] = FactsSource(kind="facts")
    kinds: tuple[str, ...] = ()
    train: PositiveInt
    validation: PositiveInt
    test: PositiveInt
    min_tokens: PositiveInt
    max_tokens: PositiveInt

    @model_validator(mode="after")
    def _range(self) -> Benchmark:
        if self.min_tokens >= self.max_tokens:
            raise ValueError(f"min_tokens {self.min_tokens} is not below max_tokens {self.max_tokens}")
        if self.source.kind == "facts" and self.min_tokens + 28 > self.max_tokens:  # contexts aim at a length between
            raise ValueError(f"max_tokens {self.max_tokens} must be 28 or more above min_tokens {self.min_tokens}")
        return self

    @model_validator(mode="after")
    def _kinds_of_facts(self) -> Benchmark:
        if self.kinds and self.source.kind == "public":
            raise ValueError(
                "kinds are of items built from facts; public sets are chosen by source.sets, leave kinds []"
            )
        return self


class FusionBenchmark(Benchmark):
    """A group whose answers are lists, with how many names these have: fewest and most, each in a document of its
    own."""

    list_length: tuple[PositiveInt, PositiveInt] = LIST_LENGTH

    @model_validator(mode="after")
    def _lists(self) -> FusionBenchmark:
        if not 2 <= self.list_length[0] <= self.list_length[1] <= 4:  # an item keeps all orders of its list: 24 of four
            raise ValueError(f"list_length {list(self.list_length)} must be two numbers from 2 to 4, the fewest first")
        if self.list_length != LIST_LENGTH and self.source.kind == "public":
            raise ValueError("list_length is of lists built from facts; leave it out where source is public")
        return self


class Benchmarks(Section):
    A: FusionBenchmark
    B: Benchmark
    C: Benchmark
    D: Benchmark


class FeatureEncoder(Section):
    """Segments are read by a small transformer over the frozen LLM's features."""

    kind: Literal["features"]
    hidden: PositiveInt
    layers: PositiveInt
    heads: PositiveInt

    @model_validator(mode="after")
    def _divides(self) -> FeatureEncoder:
        if self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} does not divide hidden {self.hidden}")
        return self


class LoraEncoder(Section):
    """Segments are read by the LLM itself with LoRA on q and v, as published."""

    kind: Literal["llm_lora"]
    rank: PositiveInt


SegmentEncoder = Annotated[FeatureEncoder | LoraEncoder, Field(discriminator="kind")]


class Icae(Section):
    encoder: SegmentEncoder
    segments: PositiveInt
    lm_ratio: Annotated[float, Field(ge=0, le=1)]
    text_steps: PositiveInt


class AutoCompressor(Section):
    encoder: SegmentEncoder
    segments: PositiveInt
    detach_every: PositiveInt
    text_steps: PositiveInt


class Rag(Section):
    """Top-k retrieval; `chunk_tokens` are the candidate chunk sizes (0: a sentence), chosen on validation."""

    chunk_tokens: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    validation_examples: PositiveInt


class Tuned(Section):
    """Soft vectors trained in front of the question; the text, where there is any, stays text."""

    optimiser: Optimiser


class Baselines(Section):
    icae: Icae
    autocompressor: AutoCompressor
    rag: Rag
    rag_tuned: Tuned
    full_context_tuned: Tuned
    no_context_tuned: Tuned


class Evaluation(Section):
    batch_size: PositiveInt
    max_new_tokens: PositiveInt
    full_text_items: PositiveInt
    counterfactual_items: PositiveInt


class Efficiency(Section):
    lengths: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    repeats: PositiveInt
    batch_size: PositiveInt
    training_steps: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _some_count(self) -> Efficiency:
        if self.training_steps == 1:
            raise ValueError(
                "training_steps 1 leaves nothing to time, the first step warms up: choose 0 or more than 1"
            )
        return self


def _sharing(methods: tuple[str, ...]) -> tuple[str, ...]:
    if "adamem_unfrozen" in methods:
        raise ValueError("adamem_unfrozen changes the LLM that the methods beside it are asked on: leave it out")
    return methods


Methods = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_sharing)]  # asked on one and the same LLM


class Needle(Section):
    lengths: Annotated[tuple[Annotated[int, Field(ge=128)], ...], Field(min_length=1)]
    depths: PositiveInt
    items: PositiveInt
    methods: Methods


class Fanout(Section):
    source: Wheel
    member: Annotated[str, Field(min_length=1)]
    items: PositiveInt
    min_tokens: PositiveInt
    max_tokens: PositiveInt
    max_new_tokens: PositiveInt
    methods: Methods

    @model_validator(mode="after")
    def _in_order(self) -> Fanout:
        if self.min_tokens + 32 > self.max_tokens:
            raise ValueError(f"max_tokens {self.max_tokens} must be 32 or more above min_tokens {self.min_tokens}")
        return self


class Analysis(Section):
    resamples: Annotated[int, Field(ge=1000)]
    examples: PositiveInt
