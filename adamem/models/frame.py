"""The chat frame: one system turn, and a user turn in which the memory stands where the document would.

The same frame serves every method, in training and in test. It is rendered once through the tokenizer's own
chat template and cut at two marks. A template that knows no system turn (Gemma's) gets its words at the head of the
user's turn; an LLM without a template gets a plain prompt, behind the begin mark that its tokenizer sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

SYSTEM = "Answer with the name or value only."
DOCUMENT_MARK, QUESTION_MARK = "[[document]]", "[[question]]"
USER = f"{DOCUMENT_MARK}\n\nQuestion:{QUESTION_MARK}"
CUE = "The answer is:"  # opens the answer: a small chat model otherwise spends its first words on a sentence
APART, FOLDED = [("system", SYSTEM), ("user", USER)], [("user", f"{SYSTEM}\n\n{USER}")]
# What templates ask for beyond the messages: no thinking is opened (Qwen3), no day's own date enters (Llama 3.2).
FIXED = {"enable_thinking": False, "date_string": "26 Jul 2024"}
PLAIN = f"{SYSTEM}\n\n{USER}\n"
AS_TEXT = {"add_special_tokens": False, "split_special_tokens": True}  # for a tokenizer: what looks like a mark is text


@dataclass(frozen=True)
class ChatFrame:
    """Token ids before the memory, between memory and question, after the question, and after the answer."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    end: int

    @classmethod
    def of(cls, tokenizer: Any, stops: tuple[int, ...] = ()) -> ChatFrame:
        """Render the frame with the tokenizer's template, or plainly where it has none.

        Args:
            tokenizer: a tokenizer of transformers.
            stops: tokens at which the LLM stops writing, beside the tokenizer's own end.

        Raises:
            ValueError: the tokenizer has no end-of-text token, or its template loses the document or the question.
        """
        if tokenizer.eos_token_id is None:
            raise ValueError(
                "the LLM's tokenizer has no end-of-text token: name one as eos_token in its tokenizer_config.json"
            )
        if not getattr(tokenizer, "chat_template", None):
            before, text, end = _begin(tokenizer), PLAIN, tokenizer.eos_token_id
        else:
            before, text, end = (), _rendered(tokenizer), _turn_end(tokenizer, stops)
        head, rest = (text + CUE).split(DOCUMENT_MARK)
        middle, tail = rest.split(QUESTION_MARK)
        head, middle, tail = (tuple(_with_marks(tokenizer, part)) for part in (head, middle, tail))
        return cls((*before, *head), middle, tail, end)

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
    """Token ids of a piece of text, without begin or end marks: what stands in it can end no turn."""
    return tokenizer(text, **AS_TEXT)["input_ids"]


def offsets(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Where each of these tokens begins and ends, in characters."""
    return tokenizer(text, return_offsets_mapping=True, verbose=False, **AS_TEXT)["offset_mapping"]


def _with_marks(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a part of the frame, whose marks are the LLM's own."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _rendered(tokenizer: Any) -> str:
    """Both turns, or all in the user's where the template refuses or drops a system turn."""
    said = ""
    for turns in (APART, FOLDED):
        try:
            text = _apply(tokenizer, turns, prompt=True)
        except TemplateError as error:
            said = str(error)
            continue
        places = [text.find(part) for part in (SYSTEM, DOCUMENT_MARK, QUESTION_MARK)]
        if (
            -1 not in places
            and places == sorted(places)
            and text.count(DOCUMENT_MARK) == text.count(QUESTION_MARK) == 1
        ):
            return text
        said = "it changes or repeats what stands in a message"
    raise ValueError(
        f"the LLM's chat template does not carry {DOCUMENT_MARK} and {QUESTION_MARK} through in a user's message "
        f"({said}): correct chat_template in its tokenizer_config.json, or take it out to have the LLM asked plainly"
    )


def _turn_end(tokenizer: Any, stops: tuple[int, ...]) -> int:
    """What the template writes behind an answer, if the LLM stops there (Gemma's differs from its end of text)."""
    try:
        text = _apply(tokenizer, [("user", QUESTION_MARK), ("assistant", DOCUMENT_MARK)], prompt=False)
    except TemplateError:
        return tokenizer.eos_token_id
    behind = _with_marks(tokenizer, text.partition(DOCUMENT_MARK)[2].strip())[:1]
    return behind[0] if behind and behind[0] in stops else tokenizer.eos_token_id


def _apply(tokenizer: Any, turns: list[tuple[str, str]], prompt: bool) -> str:
    messages = [{"role": role, "content": content} for role, content in turns]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt, **FIXED)


def _begin(tokenizer: Any) -> tuple[int, ...]:
    """The begin mark, where the tokenizer sets one before any text."""
    first = tokenizer(SYSTEM)["input_ids"][0]
    return (first,) if first == tokenizer.bos_token_id else ()
