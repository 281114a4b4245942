"""The three phases of training, the optimiser they share, and what they run on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adamem.config.section import PositiveFloat, PositiveInt, Section, Weight


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


class Devices(Section):
    """How the trainings use what they run on; all off by default, as on a CPU."""

    precision: Literal["full", "bf16"] = "full"
    gradient_checkpointing: bool = False
    compile: bool = False


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
