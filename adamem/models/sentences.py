"""Where sentences end, read off the tokens: a table over the vocabulary, no model."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from adamem.models.records import TokenBatch

CLOSING = (".", "!", "?")
FULL_WIDTH = ("。", "！", "？")  # of Chinese and Japanese, which set no white space behind them


class Sentences:
    """Sentence ends by token: a line break, closing punctuation with white space or nothing behind it, or full-width
    punctuation. A vocabulary that writes the latter in several tokens hides it.

    Args:
        tokenizer: the LLM's tokenizer.
        vocabulary: number of token ids, the LLM's own count.
    """

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        pieces = _pieces(tokenizer, vocabulary)
        self.closes = torch.tensor([piece.rstrip(" ").endswith(CLOSING) for piece in pieces])
        self.breaks = torch.tensor(["\n" in piece or piece.endswith(FULL_WIDTH) for piece in pieces])
        self.spaced = torch.tensor([piece[:1].isspace() for piece in pieces]) & ~self.breaks

    def ends(self, tokens: TokenBatch) -> Bool[Tensor, "B L"]:
        """True at the last token of every sentence; a decimal point ends none."""
        ids = tokens.ids.cpu()
        spaced = self.spaced[ids] | ~tokens.mask.cpu()
        behind = torch.cat([spaced[:, 1:], torch.ones_like(spaced[:, :1])], 1)
        return (self.breaks[ids] | (self.closes[ids] & behind)).to(tokens.ids.device)

    def numbers(self, tokens: TokenBatch) -> Int[Tensor, "B L"]:
        """The number of the sentence that each token stands in, from 0."""
        ends = self.ends(tokens).long()
        return ends.cumsum(1) - ends


def _pieces(tokenizer: Any, vocabulary: int) -> list[str]:
    """The text of every token as it stands behind another one: alone, one of SentencePiece loses its first space."""
    anchor = tokenizer.encode("a", add_special_tokens=False)[-1]
    alone, *pairs = tokenizer.batch_decode(
        [[anchor], *([anchor, token] for token in range(vocabulary))], clean_up_tokenization_spaces=False
    )
    return [pair[len(alone) :] for pair in pairs]
