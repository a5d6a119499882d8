"""What exists to ask questions of: descriptions of public corpora, and the starter corpus that ships with CiteRx."""

from __future__ import annotations

from pathlib import Path


def starter() -> Path:
    """The folder of the starter corpus, in a checkout and in the wheel.

    It holds ``labels``, ``literature*.xml``, ``trials`` and ``guidelines``.
    """
    return Path(__file__).with_name("starter")


def sources() -> Path:
    """The folder of the corpus descriptions (one ``*.toml`` each)."""
    return Path(__file__).with_name("sources")
