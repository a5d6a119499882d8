"""Tiny language models made on the spot: real architectures, tokenizers and files, a few seconds of training.

Each is trained to say one thing whatever it is asked, so that a test can tell what should come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from rag.llm.prompting import load
from tests.rag.pieces import PAIR, ask

SAID = "Do not use colchicine with P-gp inhibitors in renal impairment [1]."
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<pad>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def tokenizer_of(*, chat: bool) -> PreTrainedTokenizerFast:
    """Byte pairs of the prompt itself; ``<|end|>`` ends what is said."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator([*prompt(), SAID], trainer)
    made = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, pad_token="<pad>", eos_token="<|end|>", extra_special_tokens=SPECIAL[2:]
    )
    if chat:
        made.chat_template = TEMPLATE
    return made


def prompt() -> tuple[str, str]:
    query, evidence = ask(PAIR)
    return load().messages(query.question, evidence)


def save_causal(folder: Path, *, chat: bool = True, steps: int = 60, said: str = SAID) -> Path:
    """A Llama of two layers; without ``steps`` of training it says anything."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(chat=chat)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    system, user = prompt()
    asked = [f"{system}\n\n{user}\n\nAnswer:"]
    if chat:
        asked.append(f"<|system|>{system}<|end|><|user|>{user}<|end|><|assistant|>")
    _train(model, [(tokenizer(text).input_ids, tokenizer(said + "<|end|>").input_ids) for text in asked], steps)
    return _saved(folder, model, tokenizer)


def save_seq2seq(folder: Path, *, steps: int = 45) -> Path:
    """A T5 of two layers."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(chat=False)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    model = T5ForConditionalGeneration(config)
    target = torch.tensor([tokenizer(SAID + "<|end|>").input_ids])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        features = tokenizer(prompt()[1][-60:], return_tensors="pt")  # the end is enough: it learns to ignore the rest
        _step(optimizer, model(input_ids=features.input_ids, labels=target).loss)
    return _saved(folder, model, tokenizer)


def _train(model: Any, pairs: Sequence[tuple[list[int], list[int]]], steps: int) -> None:  # noqa: ANN401
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(steps):
        asked, said = pairs[step % len(pairs)]
        labels = torch.tensor([[-100] * len(asked) + said])
        _step(optimizer, model(input_ids=torch.tensor([asked + said]), labels=labels).loss)


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _saved(folder: Path, model: Any, tokenizer: PreTrainedTokenizerFast) -> Path:  # noqa: ANN401
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
