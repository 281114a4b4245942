"""A llama-type LLM in a GGUF file, turned into the safetensors and the tokenizer that transformers reads fast.

Loading GGUF takes half a minute, so it is done once. The weights are kept in bfloat16: they came out of 4-bit
blocks, whose values bfloat16 carries to three digits, at half the size of float32.

The tokenizer is built here from the file's vocabulary and merges. What transformers makes of the same file for a
llama architecture is a CodeLlama tokenizer that begins every text with a mark, takes the wrong token for the end
of a turn, and does not cut numbers into digits as the model was trained to read them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import PreTokenizer
    from transformers import PreTrainedTokenizerFast

CONTROL, USER_DEFINED = 3, 4  # token types of the GGUF format that are matched whole, never merged


@dataclass(frozen=True)
class Vocabulary:
    """The tokenizer's part of a GGUF file's metadata."""

    model: str
    split: str
    tokens: list[str]
    types: list[int]
    merges: list[str]
    bos: int
    eos: int
    pad: int
    unknown: int
    template: str | None
    context: int


def convert(path: Path, folder: Path) -> None:
    """Write weights, configuration and tokenizer of a GGUF file into `folder`.

    Raises:
        ValueError: the file is no GGUF, or has a tokenizer that is not known here.
    """
    import torch
    from transformers import AutoModelForCausalLM

    vocabulary = read_vocabulary(path)
    tokenizer(vocabulary).save_pretrained(folder)
    with _bars_only_in_a_terminal():
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.bfloat16, trust_remote_code=False
        )
        for ids in (model.config, model.generation_config):
            ids.bos_token_id, ids.eos_token_id, ids.pad_token_id = vocabulary.bos, vocabulary.eos, vocabulary.pad
        vars(model.config).pop("quantization_config", None)  # not quantised any more; with it, saving is refused
        model.save_pretrained(folder)
    for weights in folder.glob("*.safetensors"):  # which safetensors writes for their owner alone
        weights.chmod((folder / "config.json").stat().st_mode)


def read_vocabulary(path: Path) -> Vocabulary:
    """The tokenizer's metadata.

    Raises:
        ValueError: the file is no GGUF or lacks a part of it.
    """
    from gguf import GGUFReader

    try:
        fields = GGUFReader(path).fields
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path}: not a readable GGUF file ({error}); check llm.source.member") from error

    def get(name: str, *default: Any) -> Any:
        if name in fields:
            return fields[name].contents()
        if default:
            return default[0]
        raise ValueError(f"{path}: its metadata has no {name}; use an LLM with its tokenizer inside")

    eos = get("tokenizer.ggml.eos_token_id")
    return Vocabulary(
        model=get("tokenizer.ggml.model"),
        split=get("tokenizer.ggml.pre", "default"),
        tokens=get("tokenizer.ggml.tokens"),
        types=get("tokenizer.ggml.token_type"),
        merges=get("tokenizer.ggml.merges", []),
        bos=get("tokenizer.ggml.bos_token_id", eos),
        eos=eos,
        pad=get("tokenizer.ggml.padding_token_id", eos),
        unknown=get("tokenizer.ggml.unknown_token_id", eos),
        template=get("tokenizer.chat_template", None),
        context=get(f"{get('general.architecture')}.context_length"),
    )


def tokenizer(vocabulary: Vocabulary) -> PreTrainedTokenizerFast:
    """Byte-level BPE that gives every text back exactly and adds no begin mark.

    Raises:
        ValueError: the file's tokenizer is of another kind.
    """
    from tokenizers import AddedToken, Tokenizer, decoders
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in vocabulary.merges)]
    ids = {token: index for index, token in enumerate(vocabulary.tokens)}
    fast = Tokenizer(BPE(vocab=ids, merges=merges))
    fast.pre_tokenizer = _pre_tokenizer(vocabulary)  # pyright: ignore[reportAttributeAccessIssue]
    fast.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    whole = [token for token, kind in zip(vocabulary.tokens, vocabulary.types, strict=True) if kind == CONTROL]
    fast.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in whole])
    known = [token for token, kind in zip(vocabulary.tokens, vocabulary.types, strict=True) if kind == USER_DEFINED]
    fast.add_tokens([AddedToken(token, normalized=False) for token in known])
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        bos_token=vocabulary.tokens[vocabulary.bos],
        eos_token=vocabulary.tokens[vocabulary.eos],
        pad_token=vocabulary.tokens[vocabulary.pad],
        unk_token=vocabulary.tokens[vocabulary.unknown],
        chat_template=vocabulary.template,
        model_max_length=vocabulary.context,
        clean_up_tokenization_spaces=False,
    )


def _pre_tokenizer(vocabulary: Vocabulary) -> PreTokenizer:
    """How text is cut before merging; `smollm` reads every digit on its own, `gpt-2` does not."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    words = ByteLevel(add_prefix_space=False)
    known = {"smollm": Sequence([Digits(individual_digits=True), words]), "gpt-2": words}
    if vocabulary.model != "gpt2" or vocabulary.split not in known:
        raise ValueError(
            f"llm.source.member: a GGUF tokenizer of model {vocabulary.model!r} and splitting {vocabulary.split!r} "
            f"cannot be converted; known is model 'gpt2' with {', '.join(known)}; use llm.source.kind hub or folder"
        )
    return known[vocabulary.split]


@contextmanager
def _bars_only_in_a_terminal() -> Iterator[None]:
    """The loader draws a bar whatever stderr is; in a log file it is noise."""
    with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
        yield
