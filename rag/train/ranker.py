"""Tunes a ranker: a small perceptron over the features of the candidates of each search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rag.ranking.rank import Ranker, standardised
from rag.train.features import Compared
from rag.types import Floats

HIDDEN, DROPOUT = 32, 0.2
EPOCHS, SEARCHES_PER_STEP = 9, 16
RATE, DECAY, LOWEST = 2e-3, 1e-3, 0.02
"""AdamW; the rate falls in a straight line to its share ``LOWEST``."""

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def fit(searches: Sequence[Compared], sections: Sequence[str], loss: Loss, seed: int, epochs: int = EPOCHS) -> Ranker:
    """The ranker after ``epochs`` over all searches; ``loss`` takes the scores of a search and which answer it."""
    every = np.concatenate([one.features for one in searches])
    mean, scale = every.mean(0), every.std(0) + 1e-3
    inputs = [torch.from_numpy(standardised(one.features, mean, scale)) for one in searches]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(2 * len(mean))
        _descend(network, inputs, searches, loss, epochs)
    return _ranker(network, mean, scale, sections)


def _network(width: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Linear(width, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(HIDDEN, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, 1),
    )


def _descend(
    network: torch.nn.Sequential,
    inputs: Sequence[torch.Tensor],
    searches: Sequence[Compared],
    loss: Loss,
    epochs: int,
) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    order = [
        passed[start : start + SEARCHES_PER_STEP]
        for passed in (torch.randperm(len(inputs)).tolist() for _ in range(epochs))
        for start in range(0, len(inputs), SEARCHES_PER_STEP)
    ]
    for step, chosen in enumerate(order):
        for group in optimiser.param_groups:
            group["lr"] = RATE * max(LOWEST, 1 - step / len(order))
        scores = network(torch.cat([inputs[place] for place in chosen]))[:, 0]
        ends = np.cumsum([len(inputs[place]) for place in chosen])[:-1].tolist()
        parts = [
            searches[place].weight * loss(row, torch.from_numpy(searches[place].answers))
            for row, place in zip(torch.tensor_split(scores, ends), chosen, strict=True)
        ]
        optimiser.zero_grad()
        torch.autograd.backward(torch.stack(parts).mean())
        optimiser.step()


def _ranker(network: torch.nn.Sequential, mean: Floats, scale: Floats, sections: Sequence[str]) -> Ranker:
    """The last layer's bias is left out: it moves all candidates alike."""
    first, second, last = (layer for layer in network if isinstance(layer, torch.nn.Linear))
    return Ranker(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        hidden=_array(first.weight).T.copy(),
        hidden_bias=_array(first.bias),
        second=_array(second.weight).T.copy(),
        second_bias=_array(second.bias),
        out=_array(last.weight)[0].copy(),
        sections=tuple(sections),
    )


def _array(parameter: torch.Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = parameter.detach().numpy().astype(np.float32)
    return found
