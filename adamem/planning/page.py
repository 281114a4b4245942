"""The plan as text: numbers by training, and below them the formulas they were computed by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamem import config
from adamem.planning import planned, weights
from adamem.planning.formula import pretty, used
from adamem.planning.gpus import Gpu
from adamem.planning.memory import HEADROOM, Bytes, Need
from adamem.planning.planned import Device, Planned
from adamem.planning.shape import LlmShape
from adamem.planning.work import LETTERS

Row = tuple[str, str, str]


def write(params: config.AdaMemConfig, llm: LlmShape, device: Device, question: int) -> str:
    """The whole plan. Raises ValueError for settings that the LLM cannot have."""
    plans = planned.all_of(params, llm, question)
    parts = weights.count(params, plans[0].letters)
    blocks = [_head(llm, device, question), _weights(llm, parts)]
    blocks += [_training(plan, device) for plan in plans]
    blocks += [_hours(params, plans, device), _formulas(plans, parts), _letters(plans, parts)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _head(llm: LlmShape, device: Device, question: int) -> Iterator[str]:
    gpu = device.gpu
    yield f"PLAN for one {gpu.name} and the LLM of {llm.name}"
    peaks = f"{gpu.bfloat16 / 1e12:g} TFLOP/s in bfloat16, {gpu.float32 / 1e12:g} in float32, {_size(gpu.memory)}"
    yield f"  {peaks} (source: {gpu.source})"
    yield f"  assumed: {device.utilisation:.0%} of the peaks; questions of {question} tokens, answers as long as"
    yield "  evaluation.max_new_tokens, contexts as long as the groups' largest max_tokens"


def _weights(llm: LlmShape, parts: list[weights.Weights]) -> Iterator[str]:
    yield "WEIGHTS"
    yield from _table([("frozen LLM", f"{llm.weights:,}", "counted on its configuration")])
    yield from _table((part.name, f"{part.count:,}", "") for part in parts)
    yield from _table([("trained, together", f"{sum(part.count for part in parts):,}", "")])


def _training(plan: Planned, device: Device) -> Iterator[str]:
    work, settings = plan.work, plan.work.optimiser
    tokens, each = work.examples * work.tokens, plan.example()
    yield f"{work.name.upper()}"
    yield from _table(
        [
            ("steps", f"{settings.steps:,}", f"batch_size {settings.batch_size}, accumulate {settings.accumulate}"),
            ("tokens of a step", f"{tokens:,}", f"{work.examples} examples of {work.tokens}"),
            ("tokens of all steps", f"{settings.steps * tokens:,}", ""),
            ("FLOPs of a step", f"{work.examples * each:.3g}", f"{work.examples} examples of {each:.3g}:"),
        ]
    )
    yield from _table(((one.part.name, f"{one.total:.2e}", f"{one.total / each:.1%}") for one in plan.counted), 4)
    yield from _memory(plan.need, device.gpu)
    yield from _table([("time", _time(plan.seconds(device)), "validations included")])


def _memory(need: Need, gpu: Gpu) -> Iterator[str]:
    def rows(uses: list[Bytes], times: int, what: str) -> list[Row]:
        return [(use.name, _size(times * use.size), what) for use in uses]

    yield from _table([("memory at its peak", _size(need.peak), _fits(need, gpu))])
    yield from _table(rows(need.standing, 1, "throughout"), 4)
    yield from _table(rows(need.kept, need.rows, "until the way back"), 4)
    yield from _table(rows(need.passing, need.rows, "for a moment (roughly)"), 4)


def _fits(need: Need, gpu: Gpu) -> str:
    room, most = f"{HEADROOM:.0%} of {_size(gpu.memory)}", need.rows_that_fit(gpu.memory)
    if need.peak <= HEADROOM * gpu.memory:
        return f"fits into {room}, up to batch_size {most:,}"
    if most:
        return f"DOES NOT FIT into {room}: batch_size {most:,} does; raise accumulate instead"
    return f"DOES NOT FIT into {room} at any batch_size"


def _hours(params: config.AdaMemConfig, plans: list[Planned], device: Device) -> Iterator[str]:
    times = {plan.work.name: plan.seconds(device) for plan in plans}
    teacher = params.phase1.teacher
    if teacher.kind == "cached":
        times = {"stage teacher": plans[0].teacher_seconds(teacher.windows, device)} | times
    yield "HOURS"
    yield from _table((name, _time(seconds), "") for name, seconds in times.items())
    yield from _table([("together", _time(sum(times.values())), "without data, baselines, benchmarks and start-up")])


def _formulas(plans: list[Planned], parts: list[weights.Weights]) -> Iterator[str]:
    yield "FORMULAS"
    yield "  weights"
    yield from _listed((part.name, part.formula) for part in parts)
    counted = [one.part for plan in plans for one in plan.counted]
    yield "  FLOPs of an example forward (a product and a sum are two; attention counts in full)"
    yield from _listed((f"{part.name}{' (float32)' if part.float32 else ''}", part.forward) for part in counted)
    yield "  FLOPs of an example on the way back"
    yield from _listed((part.name, part.backward) for part in counted if part.backward != "0")
    yield "  bytes throughout"
    yield from _listed((use.name, use.formula) for plan in plans for use in plan.need.standing)
    yield "  bytes of an example until the way back"
    yield from _listed((use.name, use.formula) for plan in plans for use in plan.need.kept)
    yield "  bytes of an example for a moment"
    yield from _listed((use.name, use.formula) for plan in plans for use in plan.need.passing)
    yield "  bytes at the peak"
    yield "    throughout + batch_size * max(until the way back + the loss's own, early features, teacher)"
    yield "  time"
    yield "    (FLOPs in the LLM's type / peak in bfloat16 + FLOPs in float32 / peak in float32) / utilisation"


def _listed(formulas: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Each once, in order of first sight."""
    for name, formula in dict.fromkeys(formulas):
        yield f"    {name:<30} {pretty(formula)}"


def _letters(plans: list[Planned], parts: list[weights.Weights]) -> Iterator[str]:
    formulas = [part.formula for part in parts]
    for plan in plans:
        formulas += [text for one in plan.counted for text in (one.part.forward, one.part.backward)]
        formulas += [use.formula for use in (*plan.need.kept, *plan.need.passing)]
    named = {letter for formula in formulas for letter in used(formula)} | {"b"}
    yield f"LETTERS (where they differ: {', '.join(plan.work.name for plan in plans)})"
    for letter, meaning in LETTERS.items():
        if letter in named:
            values = dict.fromkeys(plan.letters[letter] for plan in plans)
            same = len(values) == 1
            shown = [f"{plan.letters[letter]:,}" for plan in (plans[:1] if same else plans)]
            yield f"  {letter:<3} {' | '.join(shown):<32} {meaning}"


def _table(rows: Iterable[Row], indent: int = 2) -> list[str]:
    return [f"{' ' * indent}{name:<{42 - indent}} {value:>18}  {remark}".rstrip() for name, value, remark in rows]


def _size(count: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"


def _time(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"
