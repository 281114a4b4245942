"""`params.yaml` as a whole: read, checked, and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from adamem.config.comparison import Analysis, Baselines, Benchmarks, Efficiency, Evaluation, Fanout, Needle
from adamem.config.model import ChunkEncoder, Interface, Model, Projection, Resampler
from adamem.config.section import Section, Seed
from adamem.config.sources import Data, Llm
from adamem.config.training import Devices, Phase1, Phase2, Phase3


class AdaMemConfig(Section):
    """The whole of `params.yaml`."""

    seed: Seed
    training_seed: Seed
    llm: Llm
    data: Data
    chunk_encoder: ChunkEncoder
    resampler: Resampler
    projection: Projection
    interface: Interface
    launcher: Annotated[str, Field(min_length=1)]
    devices: Devices
    phase1: Phase1
    phase2: Phase2
    phase3: Phase3
    benchmarks: Benchmarks
    baselines: Baselines
    evaluation: Evaluation
    efficiency: Efficiency
    needle: Needle
    fanout: Fanout
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

    @model_validator(mode="after")
    def _slots(self) -> AdaMemConfig:
        for name in ("icae", "autocompressor"):
            segments = getattr(self.baselines, name).segments
            if self.resampler.n_latents % segments:
                raise ValueError(
                    f"baselines.{name}.segments {segments} does not divide resampler.n_latents "
                    f"{self.resampler.n_latents}: every segment gets equally many slots"
                )
        return self

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
