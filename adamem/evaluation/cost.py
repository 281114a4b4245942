"""What an answer costs, part by part: measured on one machine, in one run, on the same texts and question.

Everything is timed in turns, round after round, so that a busy machine slows all ways alike; medians are kept. Seconds
hold for this machine only, the ratios between them for others too. Nothing is estimated: bytes are those of the tensors
at hand.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from statistics import median

import torch
from jaxtyping import Int
from torch import Tensor
from transformers import DynamicCache

from adamem import config
from adamem.baselines import catalogue
from adamem.baselines.bounds import PlainText
from adamem.baselines.catalogue import Bench
from adamem.data.examples import question_prompt
from adamem.data.tokens import TokenStore
from adamem.models import checkpoint, host, placing
from adamem.models.adamem import AdaMem
from adamem.models.frame import encode_after_colon
from adamem.models.host import HostLLM
from adamem.models.memory import CoarseMemory
from adamem.models.method import Method
from adamem.models.records import Memory, Prompt, TokenBatch

QUESTION = "What does the speaker ask of the Congress?"
RETRIEVERS = ("rag_minilm_k", "rag_bm25_k")
PEAKS = ("load", "adamem_cold", "full_cold")  # ways whose memory is watched, each in a process of its own

Act = Callable[[], object]


@dataclass(frozen=True)
class Bytes:
    """What is kept of a context of L tokens, and of one position in the decoder's cache."""

    memory: int
    kv_per_position: int


@dataclass(frozen=True)
class Held:
    """The decoder's keys and values of so many positions."""

    cache: DynamicCache
    positions: int


@dataclass(frozen=True)
class Scene:
    """A text, a question on it, and all that reads them."""

    bench: Bench
    model: AdaMem
    text: TokenBatch

    @property
    def host(self) -> HostLLM:
        return self.bench.host

    @property
    def question(self) -> TokenBatch:
        return TokenBatch.pad([encode_after_colon(self.host.tokenizer, QUESTION)], self.host.device)

    @property
    def prompt(self) -> Prompt:
        return question_prompt(self.question.rows(), self.host.frame).to(self.host.device)

    def coarse(self) -> CoarseMemory:
        """The text's coarse memory."""
        return self.model.encode_context(self.text.ids, self.text.mask)

    def first_token(self, method: Method, memory: Memory) -> object:
        """From what stands in the document's place to the first token of the answer."""
        return method.write(memory, self.prompt, 1)

    def cold(self, method: Method) -> object:
        """From the text to the first token of the answer."""
        return self.first_token(method, method.compress(self.text, self.question))


def adamem(bench: Bench) -> AdaMem:
    """The trained compressor, ready to answer."""
    return checkpoint.load(bench.models / "phase2", bench.host).eval()


def texts(tokens: Path, lengths: tuple[int, ...], device: torch.device) -> dict[int, TokenBatch]:
    """The first L tokens of the validation documents, one behind the other, for every L.

    Raises:
        ValueError: the documents are too short for the longest.
    """
    ids = [int(token) for token in islice(chain.from_iterable(TokenStore.open(tokens, "validation")), max(lengths))]
    if len(ids) < max(lengths):
        raise ValueError(f"efficiency.lengths: {max(lengths)} tokens, but all validation documents have {len(ids)}")
    return {length: TokenBatch.pad([ids[:length]], device) for length in lengths}


def ways(scene: Scene, full: Held, settings: config.Efficiency) -> dict[str, Act]:
    """Everything that is timed for one text, which `full` has been read with. What a way may keep from earlier queries
    is made before the clock runs."""
    model, question, first = scene.model, scene.question, scene.first_token
    plain, coarse = PlainText(scene.host, full=True), scene.coarse()
    memory = model.resample(coarse, question)
    retrievers = {name: catalogue.entry(name).load(scene.bench) for name in RETRIEVERS}
    many = TokenBatch.pad(question.rows() * settings.batch_size, scene.host.device)
    asked = scene.prompt.after.ids
    return {
        "encode": scene.coarse,
        "resample": lambda: model.resample(coarse, question),
        "adamem_cached": lambda: first(model, model.resample(coarse, question)),
        "adamem_cold": partial(scene.cold, model),
        "full_cold": partial(scene.cold, plain),
        "full_reused": _behind(scene, full, asked),
        **{name: partial(scene.cold, method) for name, method in retrievers.items()},
        "limit": lambda: first(model, memory),
        "adamem_decode": _behind(scene, held(scene, memory), asked[:, -1:]),
        "full_decode": _behind(scene, full, asked[:, -1:]),
        "adamem_batch": partial(_batch, scene, coarse.asked(settings.batch_size), many),
    }


def _batch(scene: Scene, coarse: CoarseMemory, questions: TokenBatch) -> object:
    """As many questions at once, up to the first token of each."""
    prompt = question_prompt(questions.rows(), scene.host.frame).to(scene.host.device)
    return scene.model.write(scene.model.resample(coarse, questions), prompt, 1)


def held(scene: Scene, memory: Memory) -> Held:
    """What the decoder keeps of frame and memory."""
    cache = DynamicCache()
    strip = placing.frozen_strip(scene.host, memory, scene.prompt.before).then(placing.memory_strip(memory))
    scene.host.read(strip.packed(left=False).embeds, cache=cache)
    return Held(cache, cache.get_seq_length())


def _behind(scene: Scene, before: Held, ids: Int[Tensor, "1 A"]) -> Act:
    """Tokens behind what was read before them, up to the next token."""
    embeds = scene.host.embed(ids)

    def act() -> object:
        token = scene.host.logits(scene.host.read(embeds, cache=before.cache)[:, -1]).argmax(-1)
        before.cache.crop(before.positions)
        return token

    return act


@torch.no_grad()
def medians(acts: Mapping[str, Act], repeats: int) -> dict[str, float]:
    """Median seconds of every act over rounds in which all take turns; a first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(1 + repeats):
        for name, act in acts.items():
            began = time.perf_counter()
            act()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - began)
    return {name: median(found[1:]) for name, found in seconds.items()}


@torch.no_grad()
def sizes(scene: Scene, full: Held) -> Bytes:
    """What is kept, weighed."""
    parts = [part for layer in full.cache.layers for part in (layer.keys, layer.values) if part is not None]
    kept = sum(part.nbytes for part in scene.coarse().tensors().values())
    return Bytes(kept, sum(part.nbytes for part in parts) // full.positions)


@torch.no_grad()
def measure(bench: Bench, tokens: Path, settings: config.Efficiency) -> Iterator[tuple[int, dict[str, float]]]:
    """For every length: seconds of every way, and bytes."""
    model = adamem(bench)
    for length, text in texts(tokens, settings.lengths, bench.host.device).items():
        scene = Scene(bench, model, text)
        full = held(scene, PlainText(scene.host, full=True).compress(text, scene.question))
        kept = sizes(scene, full)
        found = medians(ways(scene, full, settings), settings.repeats)
        yield (
            length,
            {f"{name}_seconds": value for name, value in found.items()}
            | {
                "memory_bytes": float(kept.memory),
                "full_kv_bytes": float(kept.kv_per_position * length),
                "adamem_kv_bytes": float(kept.kv_per_position * bench.memory_tokens),
            },
        )


def peaks(bench: Bench, tokens: Path, settings: config.Efficiency) -> dict[str, float]:
    """Peak resident bytes of a fresh process that answers one question about the longest text, by way."""
    context = multiprocessing.get_context("spawn")
    found = {}
    for way in PEAKS:
        with context.Pool(1) as pool:
            job = (way, bench.params, bench.models, bench.embedder, tokens, max(settings.lengths))
            found[f"{way}_peak_bytes"] = float(pool.apply(_peak, job))
    return found


@torch.no_grad()
def _peak(way: str, params: config.AdaMemConfig, models: Path, embedder: Path, tokens: Path, length: int) -> int:
    bench = Bench(host.load(models / "llm", params.llm), params, models, embedder)
    model = adamem(bench)
    scene = Scene(bench, model, texts(tokens, (length,), bench.host.device)[length])
    method = {"adamem_cold": model, "full_cold": PlainText(bench.host, full=True)}.get(way)
    if method is not None:
        scene.cold(method)
    return _high_water()


def _high_water(status: Path = Path("/proc/self/status")) -> int:
    """Most bytes resident so far. Where Linux tells it of this program alone, so: `ru_maxrss` also counts what the
    process was before it became this program, a copy of its parent."""
    if status.is_file():
        [line] = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
