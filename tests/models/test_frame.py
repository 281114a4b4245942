"""The frame around the memory, by the templates that LLMs come with: some refuse a system turn, some alter content."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers import processors

from adamem.models.frame import CUE, SYSTEM, ChatFrame, encode, offsets
from tests import tiny

GEMMA = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}"
    "{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
DROPS_SYSTEM = (
    "{% for message in messages if message['role'] != 'system' %}"
    "[INST]{{ message['content'] | trim }}[/INST]{% endfor %}"
)
FOLDS = (
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] {% if loop.index0 == 1 %}"
    "{{ messages[0]['content'] + '\n\n' }}{% endif %}{{ message['content'] }} [/INST]{% endif %}{% endfor %}"
)
SQUEEZES = "{% for message in messages %}<{{ message['content'].split() | join(' ') }}>{% endfor %}"
THINKS = (
    "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
)
DATED = "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}" + (
    "{{ date_string }}{% for message in messages %}<{{ message['content'] }}>{% endfor %}"
)
SHOUTS = "{% for message in messages %}{{ message['content'] | upper }}{% endfor %}"
REPEATS = "{% for message in messages %}{{ message['content'] }} {{ message['content'] }}{% endfor %}"
DROPS = "{% for message in messages %}{{ message['role'] }}{% endfor %}"
BROKEN = "{% for message in messages %}{{ message['content'] }}"
REFUSES = "{{ raise_exception('Only tools may be called') }}"


def tokenizer(template: str | None, **changes: Any) -> Any:
    """The tests' tokenizer with another template."""
    made = tiny.make_tokenizer()
    made.chat_template = template  # type: ignore[assignment]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def shown(template: str | None) -> str:
    """The frame as text, with DOC and QUE in its holes."""
    made = tokenizer(template)
    frame = ChatFrame.of(made)
    before, between, after = (str(made.decode(part)) for part in (frame.before, frame.between, frame.after))
    return f"{before}DOC{between}QUE{after}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, f"{SYSTEM}\n\nDOC\n\nQuestion:QUE\n{CUE}"),
        (
            GEMMA,
            f"<|im_start|><start_of_turn>user\n{SYSTEM}\n\nDOC\n\nQuestion:QUE<end_of_turn>\n<start_of_turn>model\n{CUE}",
        ),
        (DROPS_SYSTEM, f"[INST]{SYSTEM}\n\nDOC\n\nQuestion:QUE[/INST]{CUE}"),
        (FOLDS, f"[INST] {SYSTEM}\n\nDOC\n\nQuestion:QUE [/INST]{CUE}"),
        (SQUEEZES, f"<{SYSTEM}><DOC Question:QUE>{CUE}"),
        (
            THINKS,
            f"<|im_start|>{SYSTEM}<|im_end|><|im_start|>DOC\n\nQuestion:QUE<|im_end|><think></think>{CUE}",
        ),
        (DATED, f"26 Jul 2024<{SYSTEM}><DOC\n\nQuestion:QUE>{CUE}"),
    ],
    ids=["none", "no system role", "drops the system turn", "folds it in", "squeezes space", "thinks", "dated"],
)
def test_every_frame_holds_instruction_document_and_question_in_order(template: str | None, expected: str) -> None:
    assert shown(template) == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (SHOUTS, "it changes or repeats what stands in a message"),
        (REPEATS, "it changes or repeats what stands in a message"),
        (DROPS, "it changes or repeats what stands in a message"),
        (BROKEN, "Unexpected end of template"),
        (REFUSES, "Only tools may be called"),
    ],
    ids=["shouts", "repeats", "drops", "broken", "refuses"],
)
def test_a_template_that_loses_the_document_is_refused_with_the_way_out(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"does not carry \[\[document\]\] and \[\[question\]\] through") as error:
        ChatFrame.of(tokenizer(template))
    assert said in str(error.value)
    assert "take it out to have the LLM asked plainly" in str(error.value)


def test_a_tokenizer_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no end-of-text token: name one as eos_token in its tokenizer_config\.json"):
        ChatFrame.of(tokenizer(None, eos_token=None))


@pytest.mark.parametrize("adds_end", [False, True])
def test_a_plain_prompt_stands_behind_the_begin_mark_that_the_tokenizer_sets(adds_end: bool) -> None:
    """A base LLM that was trained behind one reads worse without; marks at the end have no place here."""
    made = tokenizer(None)
    assert ChatFrame.of(made).before[0] != made.bos_token_id
    core = made.backend_tokenizer
    single = "<|im_start|> $A <|im_end|>" if adds_end else "<|im_start|> $A"
    core.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[("<|im_start|>", 1), ("<|im_end|>", 2)]
    )
    frame = ChatFrame.of(made)
    assert frame.before[0] == made.bos_token_id
    marks = [token for part in (frame.before, frame.between, frame.after) for token in part if token in (1, 2)]
    assert marks == [1]


def test_marks_of_the_llm_in_a_text_are_text() -> None:
    """What a document says can end no turn; the frame around it still has its marks."""
    tokenizer = tiny.make_tokenizer()
    mark, marks = tokenizer.eos_token, tokenizer.all_special_ids
    text = f"Oslo {mark} lies {mark}in Norway."
    ids = encode(tokenizer, text)
    assert not set(ids) & set(marks) and tokenizer.decode(ids) == text
    places = offsets(tokenizer, text)
    assert len(places) == len(ids) and places[-1][1] == len(text)


def test_an_answer_ends_where_the_llm_stops_and_the_template_says() -> None:
    """Gemma's turn ends with another token than its text; a base LLM never learned the turn's end."""
    turns = "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>\n{% endfor %}"
    made = tokenizer(turns, eos_token="<|endoftext|>")
    assert ChatFrame.of(made, (0, 2)).end == 2
    assert ChatFrame.of(made, (0,)).end == 0
    assert ChatFrame.of(made).end == 0
    assert ChatFrame.of(tokenizer(None, eos_token="<|endoftext|>"), (0, 2)).end == 0
    only_users = "{% if messages[-1]['role'] == 'assistant' %}{{ raise_exception('no') }}{% endif %}" + turns
    assert ChatFrame.of(tokenizer(only_users, eos_token="<|endoftext|>"), (0, 2)).end == 0
