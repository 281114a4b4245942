"""The chat frame: one system turn, and a user turn in which the memory stands where the document would.

The same frame serves every method, in training and in test. It is rendered once through the tokenizer's own
chat template and cut at two marks; an LLM without a template gets a plain prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SYSTEM = "Answer with the name or value only."
DOCUMENT_MARK, QUESTION_MARK = "[[document]]", "[[question]]"
USER = f"{DOCUMENT_MARK}\n\nQuestion:{QUESTION_MARK}"
CUE = "The answer is:"  # opens the answer: a small chat model otherwise spends its first words on a sentence
PLAIN = f"{SYSTEM}\n\n{USER}\n"


@dataclass(frozen=True)
class ChatFrame:
    """Token ids before the memory, between memory and question, after the question, and after the answer."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    end: int

    @classmethod
    def of(cls, tokenizer: Any) -> ChatFrame:
        """Render the frame with the tokenizer's template, or plainly where it has none."""
        text = _render(tokenizer)
        head, rest = text.split(DOCUMENT_MARK)
        middle, tail = rest.split(QUESTION_MARK)
        return cls(*(tuple(encode(tokenizer, part)) for part in (head, middle, tail)), end=tokenizer.eos_token_id)

    def prompt(self, question: list[int]) -> list[int]:
        """The tokens that follow the memory, up to where the answer begins."""
        return [*self.between, *question, *self.after]


def after_colon(text: str) -> str:
    """A question or an answer as it stands behind a colon: it begins with a space, unless there is nothing."""
    return f" {text.strip()}" if text.strip() else ""


def encode_after_colon(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a question or an answer."""
    return encode(tokenizer, after_colon(text))


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a piece of text, without begin or end marks."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _render(tokenizer: Any) -> str:
    if not getattr(tokenizer, "chat_template", None):
        return PLAIN + CUE
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + CUE
