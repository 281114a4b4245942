"""Bytes on the device in a training step: what stands there throughout, what waits for the backward pass, what passes.

What waits is what autograd keeps: a frozen matrix keeps nothing of its input, a norm keeps its input in float32, fused
attention keeps queries, keys, values and its output (Korthikanti et al. 2022 count the same for trained layers).
"""

from __future__ import annotations

from dataclasses import dataclass

from adamem import config
from adamem.planning import weights
from adamem.planning.formula import Letters, evaluate
from adamem.planning.shape import LlmShape
from adamem.planning.work import Work

PER_TRAINED = 20  # float32: weight, gradient, two moments of AdamW, and the best weights so far
HEADROOM = 0.9  # of the memory that a plan may fill: the rest is for CUDA's context, kernels and fragments


@dataclass(frozen=True)
class Bytes:
    """One use of memory: of the whole step, or of an example, as the list says that it stands in."""

    name: str
    formula: str
    size: int


@dataclass(frozen=True)
class Need:
    """All uses of memory in one backward pass of `rows` examples."""

    rows: int
    standing: list[Bytes]
    kept: list[Bytes]
    passing: list[Bytes]

    @property
    def fixed(self) -> int:
        return sum(use.size for use in self.standing)

    @property
    def example(self) -> int:
        """The largest bytes of an example at any moment: what is kept and the loss's own, or what passes before."""
        loss, *before = [use.size for use in self.passing]
        return max(sum(use.size for use in self.kept) + loss, *before)

    @property
    def peak(self) -> int:
        return self.fixed + self.rows * self.example

    def rows_that_fit(self, memory: float) -> int:
        """The largest batch for a device with so many bytes; 0 where nothing fits."""
        return max(0, int((HEADROOM * memory - self.fixed) // self.example))


def need(params: config.AdaMemConfig, llm: LlmShape, work: Work, letters: Letters) -> Need:
    """The memory of one backward pass of a training."""
    trained = weights.trained(params, letters, work.reads)
    standing = [
        Bytes("frozen LLM", "e * weights of the LLM", letters["e"] * llm.weights),
        Bytes("trained: weight, gradient, AdamW, best", f"{PER_TRAINED} * trained weights", PER_TRAINED * trained),
    ]
    if not work.reads:
        resting = sum(part.count for part in weights.count(params, letters)) - trained
        standing.append(Bytes("weights at rest", "4 * weights of the other parts", 4 * resting))
    if work.unfrozen and letters["e"] != 4:
        standing.append(_bytes("unfrozen, in the LLM's type", "e*u*W", letters))
    kept = [_bytes(name, formula, letters) for name, formula in _kept(params, work).items()]
    passing = [_bytes(name, formula, letters) for name, formula in _passing(work).items()]
    return Need(work.optimiser.batch_size, standing, kept, passing)


def _bytes(name: str, formula: str, letters: Letters) -> Bytes:
    return Bytes(name, formula, evaluate(formula, letters))


def _kept(params: config.AdaMemConfig, work: Work) -> dict[str, str]:
    if not work.reads:
        return {"selector's attention": "4*M*(2*D + 2*Lq) + 12*Lq*D"}
    kept = {"chunk encoder": "4*N*P*(2*D + 13*h + S) + 4*M*(h + D)"}
    if params.resampler.start == "retrieval":
        kept["selector"] = "4*M*(3*D + 2*Lq + 2*R) + 12*Lq*D"
    fusing = "4*C*(2*D + 4*r) + 40*U*r + " if params.resampler.hidden else ""
    kept["fusing path, projection"] = f"{fusing}8*K*(D + m)"
    if isinstance(params.interface, config.PrefixKV):
        kept["interface"] = "4*K*(2*D + 2*x)"
    kept["LLM reads, top unfrozen" if work.unfrozen else "LLM reads memory"] = _reading(params, work)
    kept["distributions at targets"] = "4*s*n*V"
    return kept


def _reading(params: config.AdaMemConfig, work: Work) -> str:
    """Behind a cache the attention gets a mask of its own, and keys and values are repeated for every head."""
    cached = isinstance(params.interface, config.PrefixKV)
    attended = "(2*A + T)*(T+X)" if cached else "2*E*T"
    own = " + e*u*T*(2*D + I)" if work.unfrozen else ""
    return f"G*(T*(4*Q + 4*a + e*(2*A + J*I)) + e*{attended}) + 12*T*D{own}"


def _passing(work: Work) -> dict[str, str]:
    """First the loss's own: logits and their gradients. Then what comes and goes before anything is kept."""
    if not work.reads:
        return {"the loss's own": "8*M", "early features": "N*(P+1)*(e*J*I + 8*D)"}
    passing = {"the loss's own: logits, gradients": "12*n*V", "early features": "N*(P+1)*(e*J*I + 8*D)"}
    if work.teacher:
        passing["teacher"] = "Y*(e*J*I + 8*D) + 8*n*V"
    return passing
