"""The settings: `params.yaml`, typed and frozen, in the same order.

Every section of `params.yaml` is one class here, in one of the modules below. Unknown keys, wrong types and impossible
values are refused when the file is loaded, with the path of the key, before any stage has written anything. Where a
choice decides which other keys make sense, it is a union discriminated by `kind`.
"""

from __future__ import annotations

from adamem.config.comparison import (
    GROUPS,
    Analysis,
    AutoCompressor,
    Baselines,
    Benchmark,
    Benchmarks,
    Efficiency,
    Evaluation,
    FeatureEncoder,
    Group,
    Icae,
    LoraEncoder,
    Needle,
    Rag,
    SegmentEncoder,
    Tuned,
)
from adamem.config.model import (
    ChunkEncoder,
    Interface,
    LinearProjection,
    MlpProjection,
    Model,
    PrefixKV,
    Projection,
    Resampler,
    SoftPrefix,
)
from adamem.config.section import Section
from adamem.config.settings import AdaMemConfig, load
from adamem.config.sources import (
    CorpusFineWeb,
    CorpusWheels,
    Data,
    Facts,
    FactsSource,
    Llm,
    LlmFolder,
    LlmHub,
    LlmWheel,
    Longer,
    PublicOrigin,
    PublicSource,
    Tokens,
    Wheel,
)
from adamem.config.training import Devices, Optimiser, Phase1, Phase2, Phase3, Teacher

__all__ = [
    "GROUPS",
    "AdaMemConfig",
    "Analysis",
    "AutoCompressor",
    "Baselines",
    "Benchmark",
    "Benchmarks",
    "ChunkEncoder",
    "CorpusFineWeb",
    "CorpusWheels",
    "Data",
    "Devices",
    "Efficiency",
    "Evaluation",
    "Facts",
    "FactsSource",
    "FeatureEncoder",
    "Group",
    "Icae",
    "Interface",
    "LinearProjection",
    "Llm",
    "LlmFolder",
    "LlmHub",
    "LlmWheel",
    "Longer",
    "LoraEncoder",
    "MlpProjection",
    "Model",
    "Needle",
    "Optimiser",
    "Phase1",
    "Phase2",
    "Phase3",
    "PrefixKV",
    "Projection",
    "PublicOrigin",
    "PublicSource",
    "Rag",
    "Resampler",
    "Section",
    "SegmentEncoder",
    "SoftPrefix",
    "Teacher",
    "Tokens",
    "Tuned",
    "Wheel",
    "load",
]
