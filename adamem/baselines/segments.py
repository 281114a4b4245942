"""What the query-free slot compressors share: cutting into segments, and the two encoders that fill slots.

`features` is the embedded default: a small transformer over the same frozen features that AdaMem reads. Its slots start
as plain means over their windows of the segment, as much of the text as a query-free memory of that size can hold;
AdaMem's picks start as single states, which only a query can choose. `llm_lora` is the published form: the LLM itself
with LoRA on q and v (on the fused projection where there is one), slots appended to its input, their last hidden
states taken.
"""

from __future__ import annotations

import copy
import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from adamem import config
from adamem.models.chunk_encoder import Standardiser
from adamem.models.frozen import FrozenLinear
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.silent import SilentLinear
from adamem.models.statistics import Statistics

PROJECTIONS = (("q_proj", "v_proj"), ("query_key_value",), ("qkv_proj",))
OUTSIDE_WINDOW = -6.0  # pooling logit of tokens outside a slot's own window, against 0 inside


def split(context: TokenBatch, lengths: list[float]) -> list[TokenBatch]:
    """Cut every row into segments by shares of its own length, so that padding moves no boundary."""
    real = context.mask.sum(1)
    bounds, start, total = [], 0.0, sum(lengths)
    for length in lengths:
        first = (real * start / total).round().long()
        start += length
        bounds.append((first, (real * start / total).round().long()))
    return [_slice(context, first, last) for first, last in bounds]


def _slice(context: TokenBatch, first: Tensor, last: Tensor) -> TokenBatch:
    offsets = torch.arange(int((last - first).max().clamp_min(1)), device=first.device)
    index = (first[:, None] + offsets).clamp_max(context.ids.shape[1] - 1)
    return TokenBatch(context.ids.gather(1, index), offsets < (last - first)[:, None])


class FeatureSlots(nn.Module):
    """Slots over frozen features: window means, plus what a small causal transformer adds from zero.

    A `recursive` one also reads the summaries of earlier segments.
    """

    def __init__(
        self, settings: config.FeatureEncoder, host: HostLLM, slots: int, feature_layers: int, recursive: bool
    ) -> None:
        super().__init__()
        width, hidden = host.width, settings.hidden
        self.feature_layers = feature_layers
        self.standardise = Standardiser(width)
        self.reduce = nn.Linear(width, hidden)
        self.reduce_earlier = nn.Linear(width, hidden) if recursive else None
        self.slots = nn.Parameter(torch.randn(slots, hidden) * hidden**-0.5)
        layer = nn.TransformerEncoderLayer(
            hidden, settings.heads, 4 * hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, settings.layers, enable_nested_tensor=False)
        self.ask = SilentLinear(hidden, hidden)
        self.write = SilentLinear(hidden, width, host.embedding_rms)

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics of the features."""
        self.standardise.set(statistics)

    def forward(
        self, host: HostLLM, segment: TokenBatch, earlier: Float[Tensor, "B E D"] | None = None
    ) -> Float[Tensor, "B k D"]:
        slots = len(self.slots)
        features = self.standardise(host.features(segment.ids, self.feature_layers))
        text = self.reduce(features) + _sinusoids(features.shape[1], self.slots.shape[1]).to(features)
        empty, shown = ~segment.mask.any(1), segment.mask.clone()
        text = text.masked_fill(empty[:, None, None], 0.0)
        shown[:, 0] = True  # attention over nothing has no value: in an empty segment a zero is to be seen
        parts, masks = [text, self.slots.expand(len(text), -1, -1)], [shown, None]
        if earlier is not None:
            assert self.reduce_earlier is not None
            parts, masks = [self.reduce_earlier(earlier), *parts], [None, *masks]
        mask = torch.cat(
            [
                torch.ones_like(p[..., 0], dtype=torch.bool) if m is None else m
                for p, m in zip(parts, masks, strict=True)
            ],
            1,
        )
        x = torch.cat(parts, 1)
        causal = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device, dtype=torch.bool)
        mixed = self.mix(x, mask=causal, src_key_padding_mask=~mask)
        seen, asked = mixed[:, -slots - text.shape[1] : -slots], mixed[:, -slots:]
        scores = self.ask(asked) @ seen.mT / math.sqrt(seen.shape[-1]) + _window_bias(segment.mask, slots)
        pooled = scores.softmax(-1) @ host.embed(segment.ids)
        return pooled.masked_fill(empty[:, None, None], 0.0) + self.write(asked)  # an empty segment pools nothing


def _window_bias(mask: Bool[Tensor, "B T"], slots: int) -> Float[Tensor, "B k T"]:
    """0 inside a slot's own window of the segment, lower outside, minus infinity on padding."""
    length = mask.sum(1, keepdim=True).clamp_min(1)
    own = torch.arange(mask.shape[1], device=mask.device) * slots // length
    inside = own[:, None, :] == torch.arange(slots, device=mask.device)[None, :, None]
    bias = torch.where(inside, 0.0, OUTSIDE_WINDOW)
    return bias.masked_fill(~(mask | ~mask.any(1, keepdim=True))[:, None], float("-inf"))


def _sinusoids(length: int, width: int) -> Float[Tensor, "L W"]:
    """Fixed positions (Vaswani et al. 2017): segments may be longer than any seen in training."""
    rates = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


class LoraSlots(nn.Module):
    """Slots read by a copy of the LLM with LoRA on q and v (Hu et al. 2022); only LoRA and slots are trained."""

    def __init__(self, settings: config.LoraEncoder, host: HostLLM, slots: int) -> None:
        from peft import LoraConfig, inject_adapter_in_model  # half a second that other methods need not wait for

        super().__init__()
        self.slots = nn.Parameter(torch.randn(slots, host.width) * host.embedding_rms)
        reader = copy.deepcopy(host.model.base_model)
        _thaw_types(reader)
        lora = LoraConfig(r=settings.rank, lora_alpha=2 * settings.rank, target_modules=_adapted(reader))
        inject_adapter_in_model(lora, reader)
        trained = {name: weight for name, weight in reader.named_parameters() if "lora_" in name}
        for weight in trained.values():
            weight.data = weight.data.float()  # updates of bfloat16 weights would round to nothing
        self.adapter = nn.ParameterDict({name.replace(".", "/"): weight for name, weight in trained.items()})
        self._reader = [reader]  # in a list: no submodule, so that only the adapter is saved

    def set_statistics(self, statistics: Statistics) -> None:
        """Nothing to scale: this encoder reads embeddings, as the LLM does."""

    def forward(
        self, host: HostLLM, segment: TokenBatch, earlier: Float[Tensor, "B E D"] | None = None
    ) -> Float[Tensor, "B k D"]:
        asked = self.slots.expand(len(segment.ids), -1, -1)
        parts = [host.embed(segment.ids), asked] if earlier is None else [earlier, host.embed(segment.ids), asked]
        ones = [torch.ones_like(part[..., 0], dtype=torch.bool) for part in parts]
        ones[-2] = segment.mask
        mask = torch.cat(ones, 1)
        host.refuse_beyond(mask.shape[1])
        positions = (mask.long().cumsum(1) - 1).clamp_min(0)
        output = self._reader[0](
            inputs_embeds=torch.cat(parts, 1).to(host.dtype), attention_mask=mask.long(), position_ids=positions
        )
        return output.last_hidden_state[:, -len(self.slots) :].float()


def _adapted(reader: nn.Module) -> list[str]:
    """Names of the layers that LoRA goes on: those of queries and values, or the one that they share with the keys.

    Raises:
        ValueError: the architecture calls them otherwise.
    """
    names = {name.rsplit(".", 1)[-1] for name, module in reader.named_modules() if isinstance(module, nn.Linear)}
    for wanted in PROJECTIONS:
        if names.issuperset(wanted):
            return list(wanted)
    raise ValueError(
        f"baselines: encoder.kind llm_lora finds no query and value projections in {type(reader).__name__}; "
        "use encoder.kind features"
    )


def _thaw_types(module: nn.Module) -> None:
    """Plain linear layers again where the host keeps frozen ones: LoRA wraps those."""
    for name, child in module.named_children():
        if isinstance(child, FrozenLinear):
            plain = nn.Linear(
                child.in_features, child.out_features, bias=child.bias is not None, dtype=child.weight.dtype
            )
            plain.weight = nn.Parameter(child.weight, requires_grad=False)
            if child.bias is not None:
                plain.bias = nn.Parameter(child.bias, requires_grad=False)
            setattr(module, name, plain)
        else:
            _thaw_types(child)


def build(
    settings: config.SegmentEncoder, host: HostLLM, slots: int, feature_layers: int, recursive: bool = False
) -> FeatureSlots | LoraSlots:
    """The encoder that the settings name."""
    if isinstance(settings, config.LoraEncoder):
        return LoraSlots(settings, host, slots)
    return FeatureSlots(settings, host, slots, feature_layers, recursive)


def per_segment(memory_tokens: int, segments: int) -> int:
    """Slots per segment.

    Raises:
        ValueError: K cannot be shared out equally.
    """
    if memory_tokens % segments:
        raise ValueError(f"resampler.n_latents {memory_tokens} is no multiple of the baseline's segments {segments}")
    return memory_tokens // segments


def memory_bytes(vectors: int, width: int) -> float:
    """Stored bytes of a finished query-free memory in float32."""
    return 4.0 * vectors * width
