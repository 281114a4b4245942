"""The training losses, as pure functions of tensors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


def answer_nll(logits: Float[Tensor, "n V"], labels: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of the target tokens, in nats."""
    return F.cross_entropy(logits, labels)


def distillation(
    logits: Float[Tensor, "n V"], teacher_ids: Int[Tensor, "n k"], teacher_logprobs: Float[Tensor, "n k"]
) -> Float[Tensor, ""]:
    """KL(teacher || student) over the teacher's top k tokens and one bucket for all the rest, in nats.

    The bucket keeps both sides proper distributions: a student cannot lower the loss by moving mass to tokens
    that the teacher left out.
    """
    student = logits.log_softmax(-1).gather(-1, teacher_ids)
    return (teacher_logprobs.exp() * (teacher_logprobs - student)).sum(-1).mean() + _bucket(teacher_logprobs, student)


def _bucket(teacher: Float[Tensor, "n k"], student: Float[Tensor, "n k"]) -> Float[Tensor, ""]:
    rest_teacher = (1 - teacher.exp().sum(-1)).clamp_min(1e-6)
    rest_student = (1 - student.exp().sum(-1)).clamp_min(1e-6)
    return (rest_teacher * (rest_teacher.log() - rest_student.log())).mean()


def info_nce(
    memory: Float[Tensor, "B D"], answer: Float[Tensor, "B D"], same: Bool[Tensor, "B B"], temperature: float = 0.1
) -> Float[Tensor, ""]:
    """InfoNCE (van den Oord et al. 2018) with in-batch negatives: each memory should be nearest to its own answer.

    `same` marks pairs with equal answers; off the diagonal they are no negatives and are left out.
    """
    scores = _cosine(memory, answer) / temperature
    others = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    return F.cross_entropy(scores.masked_fill(others, float("-inf")), torch.arange(len(same), device=same.device))


def _cosine(one: Float[Tensor, "*B N D"], other: Float[Tensor, "*B M D"]) -> Float[Tensor, "*B N M"]:
    """Of all pairs, in float32 whatever autocast says: what is compared here differs little."""
    with torch.autocast(one.device.type, enabled=False):
        return F.normalize(one.float(), dim=-1) @ F.normalize(other.float(), dim=-1).mT


def diversity(tokens: Float[Tensor, "B K D"]) -> Float[Tensor, ""]:
    """Mean squared cosine between different memory tokens of one memory: 0 if orthogonal, 1 if all alike."""
    count = tokens.shape[1]
    if count < 2:
        return tokens.new_zeros(())
    cosine = _cosine(tokens, tokens)
    off = cosine - torch.diag_embed(cosine.diagonal(dim1=1, dim2=2))
    return off.pow(2).sum((1, 2)).mean() / (count * (count - 1))


def attention_sum(attention: Float[Tensor, "B M"], holds: Bool[Tensor, "B A M"]) -> Float[Tensor, ""]:
    """Mean -log of the attention on states that hold an answer token, in nats, over tokens that some state holds.

    The loss of the attention-sum reader (Kadlec et al. 2016). `attention` are log-probabilities.
    """
    found = attention[:, None].masked_fill(~holds, float("-inf"))[holds.any(-1)[..., None].expand_as(holds)]
    if not len(found):
        return 0.0 * attention.exp().sum()  # nothing to learn, and yet something to differentiate
    return -found.unflatten(0, (-1, holds.shape[-1])).logsumexp(-1).mean()


def entropy(attention: Float[Tensor, "B M"]) -> Float[Tensor, ""]:
    """Mean entropy of distributions given as log-probabilities, in nats: 0 when each is on one state."""
    return -(attention.exp() * attention.clamp_min(-100.0)).sum(-1).mean()
