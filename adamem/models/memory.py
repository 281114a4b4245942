"""The coarse memory: what Stage A leaves behind, once per context and for every later query.

A stored memory carries a manifest. It is refused by any other LLM, tokenizer or compressor than the one that
wrote it: the numbers would load and mean nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional as F

from adamem.data.staged import whole
from adamem.models.tensor_files import save_tensors


@dataclass(frozen=True)
class Manifest:
    """What made a coarse memory: hashes of LLM, tokenizer and Stage A weights, the token that features are read behind,
    and its geometry in tokens."""

    llm: str
    tokenizer: str
    encoder: str
    end: int
    chunk_size: int
    summary_states: int


@dataclass(frozen=True)
class States:
    """Summary states: keys of length one to find by, values to read, and what finding needs to know of their place.

    `sentences` numbers the sentence that a state begins in, `information` is the mean surprisal of its tokens
    under the corpus' unigram distribution, in nats; `mask` is false for states over padding only.
    """

    keys: Float[Tensor, "B M D"]
    values: Float[Tensor, "B M D"]
    sentences: Int[Tensor, "B M"]
    information: Float[Tensor, "B M"]
    mask: Bool[Tensor, "B M"]

    def tensors(self) -> dict[str, Tensor]:
        """The five by name."""
        return {field.name: getattr(self, field.name) for field in fields(States)}

    def refuse_others(self, questions: int) -> None:
        """Raise ValueError for another number of questions than there are contexts: row answers row."""
        if len(self.mask) != questions:
            raise ValueError(
                f"there are {len(self.mask)} contexts for {questions} questions: give one context for each question"
            )

    def kept(self) -> States:
        """As they are kept: keys and values in bfloat16, sentences in 32 bits."""
        sentences = self.sentences.to(torch.int32)
        return replace(self, keys=self.keys.bfloat16(), values=self.values.bfloat16(), sentences=sentences)

    def at(self, places: Int[Tensor, "B C"]) -> States:
        """C of the states, in the order given."""
        rows = torch.arange(len(places), device=places.device)[:, None]
        return States(**{name: part[rows, places] for name, part in self.tensors().items()})


@dataclass(frozen=True)
class CoarseMemory(States):
    """The summary states of contexts, and what made them.

    State m stands for tokens [m * window, (m + 1) * window) of the context.
    """

    manifest: Manifest

    @property
    def window(self) -> int:
        """Tokens per state."""
        return self.manifest.chunk_size // self.manifest.summary_states

    def bytes_per_token(self) -> float:
        """Stored bytes per source token, all of a state together, in their present dtypes."""
        return sum(tensor[0, 0].nbytes for tensor in self.tensors().values()) / self.window

    def to(self, target: torch.dtype | torch.device | str) -> CoarseMemory:
        """The same memory in another floating-point dtype or on another device."""
        kept = ("sentences", "mask") if isinstance(target, torch.dtype) else ()
        return replace(self, **{name: part.to(target) for name, part in self.tensors().items() if name not in kept})

    def asked(self, questions: int) -> CoarseMemory:
        """The memory for so many questions: one for each context, or all on the one context. Nothing is copied.

        Raises:
            ValueError: there are neither as many contexts as questions nor only one.
        """
        contexts = len(self.mask)
        if contexts not in (1, questions):
            raise ValueError(
                f"the coarse memory holds {contexts} contexts for {questions} questions: give one context, or one for "
                "each question"
            )
        return replace(self, **{name: part.expand(questions, *part.shape[1:]) for name, part in self.tensors().items()})

    def row(self, index: int) -> CoarseMemory:
        """The memory of one context, without its padding."""
        keep = self.mask[index]
        return replace(self, **{name: part[index, keep][None] for name, part in self.tensors().items()})

    def save(self, path: str | Path) -> None:
        """Write as safetensors, manifest in the header, up to the last state that is not over padding; a reader never
        sees half a file."""
        used = int(self.mask.any(0).nonzero().max()) + 1
        tensors = {name: part[:, :used].contiguous() for name, part in self.tensors().items()}
        with whole(Path(path)) as half:
            save_tensors(tensors, half, {"manifest": json.dumps(asdict(self.manifest))})

    @classmethod
    def load(cls, path: str | Path, expected: Manifest) -> CoarseMemory:
        """Read a stored memory; its last chunk is filled up with states over padding.

        Raises:
            ValueError: it is missing, not whole, or was written with another LLM, tokenizer, encoder or geometry.
        """
        way_out = "encode the context again with this model"
        try:
            with safe_open(path, framework="pt") as file:
                manifest = Manifest(**json.loads((file.metadata() or {})["manifest"]))
                tensors = {name: file.get_tensor(name) for name in (field.name for field in fields(States))}
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: no coarse memory can be read there ({error!r}); {way_out}") from error
        refuse_mismatch(asdict(manifest), asdict(expected), str(path), way_out)
        missing = -tensors["mask"].shape[1] % manifest.summary_states
        padded = {name: F.pad(part, (*(0, 0) * (part.ndim - 2), 0, missing)) for name, part in tensors.items()}
        return cls(**padded, manifest=manifest)


def refuse_mismatch(found: dict[str, object], expected: dict[str, object], place: str, way_out: str) -> None:
    """Raise ValueError for the first entry of `expected` that `found` does not share."""
    for key, value in expected.items():
        if found.get(key) != value:
            raise ValueError(
                f"{place}: made for {key} {str(found.get(key))[:16]!r}, but this model has {str(value)[:16]!r}; "
                f"{way_out}"
            )
