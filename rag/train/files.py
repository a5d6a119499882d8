"""What a stage of training leaves in the work folder: whole or not there, so that a rerun goes on after it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save

from rag.indexes.generations import write_atomically

Arrays = dict[str, NDArray[Any]]
Parameters = Mapping[str, torch.nn.Parameter]
MOMENTS = ("exp_avg", "exp_avg_sq")
"""What AdamW knows of a parameter."""


def kept(file: Path, make: Callable[[], Mapping[str, NDArray[Any]]]) -> Arrays:
    """The arrays of an ``.npz`` file; where it is not there, those that ``make`` returns are written to it first."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **make())
        write_atomically(file, stream.getvalue())
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


def save_state(file: Path, parameters: Parameters, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Writes what a run of AdamW goes on from: the parameters and their moments after ``step``."""
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in parameters.items():
        tensors[f"weight.{name}"] = parameter.detach()
        state = optimiser.state[parameter]  # empty where no task has reached the parameter yet
        tensors |= {f"{moment}.{name}": state.get(moment, torch.zeros_like(parameter)) for moment in MOMENTS}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, save(tensors, {"step": str(step)}))


def restored(file: Path, parameters: Parameters, optimiser: torch.optim.Optimizer) -> int:
    """The step that the state in ``file`` was written after, taken over; 0 where there is no file."""
    if not file.exists():
        return 0
    with safe_open(file, "pt") as opened:
        step = int(opened.metadata()["step"])
    tensors = load_file(file)
    for name, parameter in parameters.items():
        with torch.no_grad():
            parameter.copy_(tensors[f"weight.{name}"])
        moments = {moment: tensors[f"{moment}.{name}"] for moment in MOMENTS}
        optimiser.state[parameter] = {"step": torch.tensor(float(step)), **moments}
    return step
