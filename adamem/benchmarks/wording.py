"""Question wordings: some are never seen in training, some share no content word with the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from adamem.data.split import Split

_FRAMES = ("What is {p}?", "Tell me {p}.", "Give {p}.", "I need {p}.", "Please state {p}.", "Do you know {p}?")
_HELD_OUT_FRAMES = ("Look up {p}.", "Find out {p} for me.")
_WORD = re.compile(r"[a-z0-9.]*[a-z0-9]")
_COMMON = """
a an and are as at by do does for from give has have here how i in is it its me need of on one or out please
state tell that the there these they this those to was were what where which who whose with you know find look
up many much all both other same s name list say says
"""
_STOP = frozenset(_COMMON.split())


@dataclass(frozen=True)
class Wordings:
    """Templates with {x} for the entity; those of `held_out` and `alias_held_out` appear only in test.

    The alias templates take another name of the entity (an adjective, a symbol, a code) and avoid the
    words that documents use.
    """

    seen: tuple[str, ...]
    held_out: tuple[str, ...]
    alias_seen: tuple[str, ...] = ()
    alias_held_out: tuple[str, ...] = ()

    @classmethod
    def framed(
        cls, phrases: tuple[str, ...], alias: tuple[str, ...] = (), alias_held_out: tuple[str, ...] = ()
    ) -> Wordings:
        """All frames around noun phrases; the last phrase and the last two frames are kept for test."""
        *known, unseen = phrases
        seen = tuple(frame.replace("{p}", phrase) for phrase in known for frame in _FRAMES)
        held_out = tuple(frame.replace("{p}", unseen) for frame in _FRAMES + _HELD_OUT_FRAMES)
        held_out += tuple(frame.replace("{p}", phrase) for phrase in known for frame in _HELD_OUT_FRAMES)
        return cls(seen, held_out, alias, alias_held_out)

    @property
    def all(self) -> tuple[str, ...]:
        """Every template; an item's `wording` is an index into this."""
        return self.seen + self.held_out + self.alias_seen + self.alias_held_out

    def pick(self, split: Split, alias: bool, rng: Random) -> int:
        """The index of a template that this split may use."""
        if alias:
            choices = self.alias_seen + (self.alias_held_out if split == "test" else ())
        else:
            choices = self.seen + (self.held_out if split == "test" else ())
        return self.all.index(rng.choice(choices))

    def is_held_out(self, index: int) -> bool:
        """Whether a template is used only in test."""
        return self.all[index] in self.held_out + self.alias_held_out


def content_words(text: str) -> frozenset[str]:
    """Lower-case words without the common ones, plural endings dropped."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _STOP)
    return frozenset(word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words)


def shares_word(question: str, texts: Iterable[str]) -> bool:
    """Whether a question has a content word in common with any of the texts."""
    asked = content_words(question)
    return any(asked & content_words(text) for text in texts)
