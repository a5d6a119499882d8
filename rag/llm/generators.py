"""The generators that the settings name. Language models are imported only where one is set up: it takes seconds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rag.errors import GeneratorError, MissingExtraError
from rag.generate import Extractive, Generator
from rag.settings import Settings


def open_generators(settings: Settings) -> dict[str, Generator]:
    """``extractive``, and ``transformers`` and ``openai`` where the settings have a model for them.

    Raises `ModelError` where a local model cannot be loaded, `GeneratorError` where no model of a server is named,
    `MissingExtraError`. A server is not asked before the first question.
    """
    found: dict[str, Generator] = {"extractive": Extractive()}
    if settings.llm_folder:
        found["transformers"] = _local(settings)
    if settings.llm_server:
        found["openai"] = _served(settings)
    return found


def at_once(settings: Settings) -> int:
    """Questions that may wait for a language model: one fewer than are served, so that others are always answered."""
    return max(1, settings.threads - 1)


def _local(settings: Settings) -> Generator:
    from rag.llm.language import LanguageModel
    from rag.llm.local import Local

    llm = Local.load(
        Path(settings.llm_folder),
        Path(settings.llm_adapter) if settings.llm_adapter else None,
        four_bit=settings.llm_4bit,
        device=settings.device,
        context=settings.llm_context,
        max_tokens=settings.llm_max_tokens,
        temperature=settings.llm_temperature,
        seed=settings.llm_seed,
    )
    sizes = {"max_tokens": str(llm.max_tokens), "context": str(llm.context)}
    return LanguageModel(
        llm,
        count=llm.count,
        timeout=settings.llm_timeout,
        at_once=at_once(settings),
        made_of={**llm.made_of, **sizes},
    )


def _served(settings: Settings) -> Generator:
    if not settings.llm_model:
        raise GeneratorError("CITERX_LLM_SERVER is set, but CITERX_LLM_MODEL, which model to ask for, is not")
    if find_spec("openai") is None or find_spec("llama_index.llms.openai_like") is None:
        raise MissingExtraError("CITERX_LLM_SERVER needs a client of such servers: pip install 'citerx[llm]'")
    from rag.llm.served import open_served

    return open_served(settings, at_once(settings))
