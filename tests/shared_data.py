"""Where the shared real material lies: ``CITERX_SHARED_DATA`` or ``../shared/data`` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("CITERX_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def shared(relative: str) -> Path:
    """The path of a shared file; skips the test with the reason where it is absent."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"shared data absent: {relative} (set CITERX_SHARED_DATA to the folder that holds it)")
    return path
