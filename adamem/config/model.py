"""The compressor: the four sections that an `AdaMem` is built from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from adamem.config.section import PositiveInt, Section, Weight


class ChunkEncoder(Section):
    chunk_size: PositiveInt
    summary_states: PositiveInt
    feature_layers: Annotated[int, Field(ge=0)]
    hidden: PositiveInt
    heads: PositiveInt

    @property
    def window(self) -> int:
        """Tokens that one summary state stands for, P / S."""
        return self.chunk_size // self.summary_states

    @model_validator(mode="after")
    def _divides(self) -> ChunkEncoder:
        if self.chunk_size % self.summary_states:
            raise ValueError(
                f"summary_states {self.summary_states} does not divide chunk_size {self.chunk_size}: "
                "every state stands for a window of equally many tokens"
            )
        if self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} does not divide hidden {self.hidden}")
        return self


class Resampler(Section):
    n_latents: PositiveInt
    n_fused: PositiveInt
    start: Literal["retrieval", "random"]
    film: bool
    redundancy: Weight
    hidden: Annotated[int, Field(ge=0)]
    heads: PositiveInt

    @model_validator(mode="after")
    def _divides(self) -> Resampler:
        if self.n_fused >= self.n_latents and self.start == "retrieval":
            raise ValueError(
                f"n_fused {self.n_fused} of n_latents {self.n_latents} leaves nothing to pick: choose fewer"
            )
        if self.hidden == 0 and self.start == "random":
            raise ValueError("hidden 0 with start 'random' would read no memory: choose a width, or start 'retrieval'")
        if self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} does not divide hidden {self.hidden}")
        return self


class LinearProjection(Section):
    kind: Literal["linear"]


class MlpProjection(Section):
    kind: Literal["mlp"]
    hidden: PositiveInt


class SoftPrefix(Section):
    kind: Literal["soft_prefix"]


class DeepPrompt(Section):
    kind: Literal["deep_prompt"]


class PrefixKV(Section):
    kind: Literal["prefix_kv"]
    hidden: PositiveInt


Projection = Annotated[LinearProjection | MlpProjection, Field(discriminator="kind")]
Interface = Annotated[SoftPrefix | DeepPrompt | PrefixKV, Field(discriminator="kind")]


class Model(Section):
    """What an `AdaMem` is built from: the four model sections of `params.yaml` together."""

    chunk_encoder: ChunkEncoder
    resampler: Resampler
    projection: Projection
    interface: Interface
