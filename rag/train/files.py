"""What a stage of training leaves in the work folder: whole or not there, so that a rerun goes on after it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.indexes.generations import write_atomically

Arrays = dict[str, NDArray[Any]]


def kept(file: Path, make: Callable[[], Mapping[str, NDArray[Any]]]) -> Arrays:
    """The arrays of an ``.npz`` file; where it is not there, those that ``make`` returns are written to it first."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **make())
        write_atomically(file, stream.getvalue())
    with np.load(file, allow_pickle=False) as found:
        return dict(found)
