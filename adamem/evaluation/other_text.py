"""A control: the trained compressor whose fused vectors are written from another text than its picks.

What is lost is what these vectors tell of the text, beside what they tell of the question. Read from the next text of
the batch, which is of the same group, they are like those that the LLM was shown in training; read from nothing they
would not be.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from adamem.models.adamem import AdaMem
from adamem.models.method import Method
from adamem.models.records import Memory, TokenBatch


class OtherText(Method):
    """AdaMem with picks from the context, and fused vectors for the same question from another row's.

    Raises:
        ValueError: the model picks nothing.
    """

    def __init__(self, model: AdaMem) -> None:
        super().__init__(model.host)
        if model.resampler.extractor is None:
            raise ValueError("resampler.start: 'random' picks nothing, so that all it has is fused")
        self.model, self.interface, self.picked = model, model.interface, model.resampler.extractor.slots

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        """
        Raises:
            ValueError: the batch is of one text, which has no other.
        """
        if len(context.ids) == 1:
            raise ValueError("a batch of one text: nothing else to fuse; choose another evaluation.batch_size")
        own = self.model.compress(context, query)
        other = self.model.compress(TokenBatch(context.ids.roll(1, 0), context.mask.roll(1, 0)), query)
        return replace(own, tokens=torch.cat([own.tokens[:, : self.picked], other.tokens[:, self.picked :]], 1))

    def offline_bytes(self, tokens: int) -> float:
        return self.model.offline_bytes(tokens)
