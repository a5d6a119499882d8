"""Texts through a model in batches of like length, in the arithmetic that the device is fast at. For every model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Literal

import numpy as np
import torch

from rag.types import Floats

TOKENS_PER_BATCH = {"cpu": 560, "cuda": 65536}
"""Padded tokens of a batch: on a processor what its cache holds, and half of what is read for an answer (14 pairs of up
to 80 tokens), so that two threads share it evenly; on a GPU what keeps it busy."""

Arithmetic = Literal["float32", "bfloat16"]


def through(
    model: Callable[[dict[str, torch.Tensor]], torch.Tensor],
    tokenizer: Any,  # noqa: ANN401 (a transformers tokenizer: all that is used is `pad`)
    tokens: Mapping[str, Sequence[list[int]]],
    device: Literal["cpu", "cuda"],
    arithmetic: Arithmetic,
    *,
    helpers: Executor | None = None,
) -> list[Floats]:
    """What ``model`` makes of each text (a row of its output, float32), in the order of ``tokens``.

    ``tokens``: what the tokenizer made of texts, or of pairs as a reranker reads them, without padding. ``helpers``
    take batches that this thread has not come to; what is in a batch, and so every bit of the rows, is the same.
    """
    rows: list[Floats] = [np.empty(0, dtype=np.float32)] * len(tokens["input_ids"])

    @torch.inference_mode()
    def read(batch: Sequence[int]) -> None:
        chosen = {key: [values[index] for index in batch] for key, values in tokens.items()}
        features = dict(tokenizer.pad(chosen, return_tensors="pt").to(device))
        with torch.autocast(device, dtype=torch.bfloat16, enabled=arithmetic == "bfloat16"):
            found = model(features)
        for index, row in zip(batch, found.float().cpu().numpy(), strict=True):
            rows[index] = row

    groups = list(batches([len(ids) for ids in tokens["input_ids"]], TOKENS_PER_BATCH[device]))
    offered = [(helpers.submit(read, batch) if helpers else None, batch) for batch in groups[1:]]
    try:
        for batch in groups[:1]:
            read(batch)
        for future, batch in reversed(offered):  # helpers begin with the first
            if future is None or future.cancel():
                read(batch)
        for future, _ in offered:
            if future and not future.cancelled():
                future.result()
    finally:  # after an error nobody wants what is still offered
        for future, _ in offered:
            if future:
                future.cancel()
    return rows


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices by falling length in groups whose padded size, longest times count, keeps to ``budget`` tokens.

    >>> list(batches([2, 9, 3, 8], 18))
    [[1, 3], [2, 0]]
    """
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if group and lengths[group[0]] * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 matrices faster than float32."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
