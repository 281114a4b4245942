"""A causal LLM, a tokenizer and settings so small that a test takes milliseconds; made on the spot, no network.

The LLM is random, in float32, with weights large enough that what it reads decides what it writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from adamem.config import AdaMemConfig
from adamem.data.examples import Batch, task_batch
from adamem.evaluation.answering import Question
from adamem.models.host import HostLLM
from adamem.models.method import Method
from adamem.models.records import TokenBatch
from adamem.models.statistics import Statistics

ROOT = Path(__file__).parents[1]
FACTS = (
    "Lima is the capital of Peru.",
    "Oslo is the capital of Norway; its coast is long.",
    "Cairo is the capital of Egypt!",
    "The river Nile runs through ten countries.",
    "Rice and cotton are sold at the market of Accra.",
)
ITEMS = [
    Question(" ".join(FACTS), "What is the capital of Peru?", "Lima"),
    Question(FACTS[1], "Which capital has Norway, by the coast?", "Oslo"),
    Question(" ".join(FACTS[2:4]), "Capital of Egypt?", "Cairo and the Nile"),
]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES: dict[str, Any] = {
    "chunk_encoder": {"chunk_size": 8, "summary_states": 4, "feature_layers": 2, "hidden": 16, "heads": 2},
    "resampler": {"n_latents": 8, "n_fused": 2, "start": "retrieval", "film": True, "hidden": 16, "heads": 2},
    "projection": {"kind": "linear"},
    "interface": {"kind": "soft_prefix"},
    "phase3": {"unfrozen_layers": 1},
    "baselines": {
        "icae": {
            "encoder": {"kind": "features", "hidden": 16, "layers": 2, "heads": 2},
            "segments": 4,
            "text_steps": 2,
        },
        "autocompressor": {
            "encoder": {"kind": "features", "hidden": 16, "layers": 2, "heads": 2},
            "segments": 4,
            "text_steps": 2,
        },
    },
    "evaluation": {"batch_size": 2, "max_new_tokens": 6},
}
STATISTICS = Statistics(
    feature_mean=torch.linspace(-0.1, 0.1, 32),
    feature_deviation=torch.linspace(0.5, 2.0, 32),
    embedding_mean=torch.linspace(0.1, -0.1, 32),
    embedding_rms=torch.tensor(0.3),
    token_information=torch.linspace(1.0, 9.0, 320),
)
UNIONS = {"encoder", "projection", "interface"}  # other keys belong to another kind: replaced as a whole


def settings(*changes: dict[str, Any]) -> AdaMemConfig:
    """`params.yaml` with tiny sizes, and changes on top."""
    tree = AdaMemConfig.from_yaml(ROOT / "params.yaml").model_dump()
    for change in (SIZES, *changes):
        tree = _merged(tree, change)
    return AdaMemConfig.model_validate(tree)


def _merged(tree: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    new = {
        key: _merged(tree[key], value) if isinstance(value, dict) and key not in UNIONS else value
        for key, value in change.items()
    }
    return tree | new


def make_tokenizer(sentences: tuple[str, ...] = FACTS) -> PreTrainedTokenizerFast:
    """Byte-level BPE, trained on a few sentences, with a chat template."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(sentences, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=TEMPLATE,
    )


def make_llm(seed: int = 0, layers: int = 3, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """A random Llama of width 32 for `make_tokenizer`."""
    torch.manual_seed(seed)
    sizes = LlamaConfig(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        initializer_range=0.15,
        tie_word_embeddings=False,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    model: Any = LlamaForCausalLM(sizes)
    return model.to(dtype)


def make_host(seed: int = 0, layers: int = 3, dtype: torch.dtype = torch.float32) -> HostLLM:
    """A host of its own: for tests that change it."""
    return HostLLM(make_llm(seed, layers, dtype), make_tokenizer())


def stirred(method: Method, seed: int = 1, by: float = 0.05) -> Method:
    """The method with noise on all its weights: zero-initialised parts would hide what they do wrong."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in method.parameters():
            weight += by * torch.randn(weight.shape, generator=generator)
    return method.eval()


def batch(host: HostLLM, items: list[Question] = ITEMS) -> Batch:
    """Items with contexts, questions and answers of different lengths."""
    return task_batch(items, host.tokenizer, host.frame)


def ids(host: HostLLM, *texts: str) -> TokenBatch:
    """Texts as a padded batch of token ids."""
    return TokenBatch.pad([host.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts])
