"""The tokenizer of the frozen LLM, checked for what tokenizing and chunking rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PROBE = " hello  world\nÅngström – 東京 🙂 3.14\t"


def load(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of an LLM in a folder; give it `add_special_tokens=False`, for some add marks of their own.

    Raises:
        ValueError: it is missing, is not a fast one, has no end-of-text token, or loses text.
    """
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: no tokenizer can be loaded there ({error}); run stage `llm` first") from error
    if not loaded.is_fast or loaded.eos_token_id is None:
        raise ValueError(
            f"{folder}: its tokenizer has no fast form or no end-of-text token; use an LLM with a tokenizer.json"
        )
    back = loaded.decode(loaded(PROBE, add_special_tokens=False)["input_ids"], clean_up_tokenization_spaces=False)
    if back != PROBE:
        raise ValueError(
            f"{folder}: its tokenizer gives {PROBE!r} back as {back!r}; use an LLM with a byte-level tokenizer"
        )
    return loaded
