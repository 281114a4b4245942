"""The trained weights, part by part. Equal to the weight of what is built, to the last one (tested)."""

from __future__ import annotations

from dataclasses import dataclass

from adamem import config
from adamem.planning.formula import Letters, evaluate


@dataclass(frozen=True)
class Weights:
    """A part of the compressor, its number of weights, and the formula of it."""

    name: str
    formula: str
    count: int


def count(params: config.AdaMemConfig, letters: Letters) -> list[Weights]:
    """The parts of an AdaMem with these settings; their counts add up to `trainable_parameters()`."""
    return [Weights(name, formula, evaluate(formula, letters)) for name, formula in _formulas(params).items()]


def _formulas(params: config.AdaMemConfig) -> dict[str, str]:
    parts = {"chunk encoder": "D*h + h + P*h + 8*h**2 + 11*h + h*S + S + 2*(h*D + D)"}
    if params.resampler.start == "retrieval":
        parts["selector"] = "D**2 + D + 1 + Z*D + Z + Z*D + 2 + 5 + 4*D"
    parts["fusing path"] = "U*D"
    if params.resampler.hidden:
        film = "D*r + r + 2*r**2 + 2*r + " if params.resampler.film else ""
        parts["fusing path"] += f" + U*r + {film}2*D*r + r + 2*r + 4*r**2 + 4*r + 2*r + 4*r**2 + 3*r + r*D + D"
    parts["projection"] = "D**2"
    if isinstance(params.projection, config.MlpProjection):
        parts["projection"] += " + D*m + m + m*D + D"
    if isinstance(params.interface, config.DeepPrompt):
        parts["interface"] = "(G-1)*U*D"
    if isinstance(params.interface, config.PrefixKV):
        parts["interface"] = "2*D + D*x + x + G*(x*2*E + 2*E)"
    return parts


def trained(params: config.AdaMemConfig, letters: Letters, reads: bool) -> int:
    """How many weights a training moves: the selector's alone where the LLM reads nothing, else all, and those of
    the `u` unfrozen layers."""
    parts = count(params, letters)
    if not reads:
        return sum(part.count for part in parts if part.name == "selector")
    return sum(part.count for part in parts) + evaluate("u*(W + b)", letters)
