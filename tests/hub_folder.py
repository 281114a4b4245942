"""A stand-in for a Qwen2 of the hub: a tiny random one in the files that the hub's own folder has.

Weights as safetensors, a tokenizer of Qwen's class trained on the spot, the chat template inside tokenizer_config.json,
several end tokens in generation_config.json, and a vocabulary padded beyond the tokenizer's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

from tests import tiny

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# Digits one by one, words with the space before them, and line breaks apart, as Qwen splits text.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{%- if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are an assistant.<|im_end|>\n' }}{%- endif %}"
    "{%- for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{%- endif %}"
)
WIDTH, VOCABULARY, PADDED = 32, 384, 64  # of the vocabulary, so many stand for no token


def write(folder: Path, texts: Sequence[str] = tiny.FACTS, vocabulary: int = VOCABULARY) -> Path:
    """Fill a folder as `huggingface-cli download` would leave it; the tokenizer is trained on the texts."""
    folder.mkdir(parents=True)
    core = _tokenizer(texts, vocabulary - PADDED)
    ids = {token: core.token_to_id(token) for token in SPECIAL}
    core.save(str(folder / "tokenizer.json"))
    _dump(folder / "tokenizer_config.json", _tokenizer_settings(ids))
    torch.manual_seed(0)
    sizes = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        use_sliding_window=False,
        sliding_window=64,
        initializer_range=0.15,
        tie_word_embeddings=True,
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|im_end|>"],
    )
    llm: Any = Qwen2ForCausalLM(sizes)
    ends = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    llm.generation_config = GenerationConfig(
        bos_token_id=ids["<|endoftext|>"], pad_token_id=ids["<|endoftext|>"], eos_token_id=ends
    )
    llm.to(torch.bfloat16).save_pretrained(folder)
    return folder


def _tokenizer(texts: Sequence[str], size: int) -> Tokenizer:
    core = Tokenizer(models.BPE())
    core.normalizer = normalizers.NFC()
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern=Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    core.train_from_iterator(texts, trainer)
    core.add_special_tokens(list(SPECIAL))
    return core


def _tokenizer_settings(ids: dict[str, int]) -> dict[str, Any]:
    added = {
        str(number): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for token, number in ids.items()
    }
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 1024,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def _dump(path: Path, tree: dict[str, Any]) -> None:
    path.write_text(json.dumps(tree, indent=2), encoding="utf-8")
