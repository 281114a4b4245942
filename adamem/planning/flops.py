"""Floating-point operations of one example, part by part.

A multiplication and an addition count as two, and only matrix products count, as torch's own counter does it.
Attention counts in full, though fused kernels skip about half of a causal one, and what a kernel computes twice
counts once (model FLOPs in the sense of Chowdhery et al. 2022, PaLM, appendix B). A frozen matrix costs half of a
trained one on the way back: its own gradient is not wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

from adamem import config
from adamem.planning.formula import Letters, evaluate
from adamem.planning.work import Work


@dataclass(frozen=True)
class Part:
    """A part of the step, the formulas of both its passes, and whether it computes in float32."""

    name: str
    forward: str
    backward: str = "0"
    float32: bool = True


@dataclass(frozen=True)
class Counted:
    """A part with its operations of one example."""

    part: Part
    forward: int
    backward: int

    @property
    def total(self) -> int:
        return self.forward + self.backward


FEATURES = Part("early features", "2*F*W*(N*(P+1) + Lq+1) + 4*F*A*(N*(P+1)**2 + (Lq+1)**2)", float32=False)
CHUNKS = Part(
    "chunk encoder",
    "2*N*P*(D*h + 8*h**2 + h*S) + 4*N*P**2*h + 2*N*P*S*(h + 2*D) + 4*M*h*D",
    "2*N*P*(D*h + 16*h**2 + 2*h*S) + 8*N*P**2*h + 4*N*P*S*(h + D) + 8*M*h*D",
)
RELEVANCE = Part("selector's attention", "2*Lq*D**2 + 2*Lq*M*D + 4*Z*D + 2*M*D", "2*Lq*D**2 + 2*Lq*M*D + 6*Z*D + 2*M*D")
PICKS = Part(
    "selector",
    "2*Lq*D**2 + 2*Lq*M*D + 4*Z*D + 2*M*D + 2*C**2*D + 2*R*M*D",
    "2*Lq*D**2 + 4*Lq*M*D + 6*Z*D + 4*M*D + 4*R*M*D",
)
TEACHER = Part("teacher", "2*G*W*Y + 4*G*A*Y**2 + 2*D*V*n", float32=False)
HEAD = Part("LM head at targets", "2*D*V*n", "2*D*V*n", float32=False)


def parts(params: config.AdaMemConfig, work: Work) -> list[Part]:
    """What a training computes for an example."""
    if not work.reads:
        return [FEATURES, Part(CHUNKS.name, CHUNKS.forward), RELEVANCE]
    listed = [TEACHER] if work.teacher else []
    listed += [FEATURES, CHUNKS]
    if params.resampler.start == "retrieval":
        listed.append(PICKS)
    listed += [_fusing(params), _projection(params)]
    if isinstance(params.interface, config.PrefixKV):
        listed.append(Part("interface", "2*K*D*x + 4*G*K*x*E", "4*K*D*x + 8*G*K*x*E"))
    return [*listed, _reading(work), HEAD]


def _fusing(params: config.AdaMemConfig) -> Part:
    attending = "4*C*D*r + 4*C*r**2 + 4*U*C*r + 12*U*r**2 + 2*U*r*D"
    if not params.resampler.film:
        return Part("fusing path", attending, f"2*({attending})")
    return Part("fusing path", f"2*D*r + 4*r**2 + {attending}", f"2*D*r + 8*r**2 + 2*({attending})")


def _projection(params: config.AdaMemConfig) -> Part:
    more = isinstance(params.projection, config.MlpProjection)
    forward = "2*K*D**2 + 4*K*D*m" if more else "2*K*D**2"
    return Part("projection", forward, f"2*({forward})")


def _reading(work: Work) -> Part:
    own = " + 2*u*W*T" if work.unfrozen else ""
    backward = f"2*G*W*T + 8*G*A*T*(T+X){own}"
    name = "LLM reads, top unfrozen" if work.unfrozen else "LLM reads memory"
    return Part(name, "2*G*W*T + 4*G*A*T*(T+X)", backward, float32=False)


def count(params: config.AdaMemConfig, work: Work, letters: Letters) -> list[Counted]:
    """The operations of one example of a training."""
    return [
        Counted(part, evaluate(part.forward, letters), evaluate(part.backward, letters)) for part in parts(params, work)
    ]
