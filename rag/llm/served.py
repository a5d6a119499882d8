"""OpenAI-compatible servers (vLLM, llama.cpp, Ollama, TGI, `transformers serve`) as generators."""

from __future__ import annotations

import json

import httpx
import openai
from llama_index.llms.openai_like import OpenAILike

from rag.llm.language import WAITING, LanguageModel, unexplained
from rag.settings import Settings

RETRIES = 2
"""Of refused connections, 429 and 5xx; how long all of it may take `LanguageModel` decides."""


def open_served(settings: Settings, at_once: int = WAITING) -> LanguageModel:
    """The generator over the server that the settings name. It need not be up yet. ``at_once``: `LanguageModel`."""
    llm = OpenAILike(  # type: ignore[call-arg] # its fields are known, not its client
        model=settings.llm_model,
        api_base=settings.llm_server,
        api_key=settings.llm_key.get_secret_value() or "none",
        context_window=settings.llm_context,
        max_tokens=settings.llm_max_tokens,
        temperature=settings.llm_temperature,
        is_chat_model=settings.llm_chat,
        timeout=settings.llm_timeout,
        max_retries=RETRIES,
        additional_kwargs={"seed": settings.llm_seed},
        # Connecting anew takes nothing beside writing an answer, and leaves no connection that nobody closes.
        http_client=httpx.Client(limits=httpx.Limits(max_keepalive_connections=0)),
    )
    made_of = {
        "seed": str(settings.llm_seed),
        "temperature": f"{settings.llm_temperature:g}",
        "max_tokens": str(settings.llm_max_tokens),
        "context": str(settings.llm_context),
    }
    return LanguageModel(llm, timeout=settings.llm_timeout, at_once=at_once, explain=explain, made_of=made_of)


def explain(error: BaseException) -> str:
    """What a failure means and what to do, without the server's address and words, which may hold the prompt."""
    if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
        return "the language model's server did not answer in time: raise CITERX_LLM_TIMEOUT or look at its load"
    if isinstance(error, openai.APIStatusError):
        return _refused(error)
    if isinstance(error, openai.APIConnectionError | httpx.TransportError):
        return "no connection to the language model's server: start it, or mend CITERX_LLM_SERVER"
    if isinstance(error, json.JSONDecodeError | openai.APIError | UnicodeDecodeError | AttributeError | TypeError):
        told = "the language model's server sent what is no answer of an OpenAI-compatible server"
        return f"{told}: see that CITERX_LLM_SERVER is its base address with /v1, and look at its log"
    return unexplained(error)


def _refused(error: openai.APIStatusError) -> str:
    said = f"{error.code or ''} {error.message}".casefold()
    if error.status_code in {400, 413, 422} and any(
        word in said for word in ("context", "too long", "max_tokens", "token limit")
    ):
        return "the prompt is longer than the language model takes: lower CITERX_LLM_CONTEXT or CITERX_LLM_MAX_TOKENS"
    advice = {
        401: "set CITERX_LLM_KEY",
        403: "set CITERX_LLM_KEY",
        404: "see that CITERX_LLM_SERVER ends in /v1 and that it serves CITERX_LLM_MODEL",
        429: "it is asked too much; ask again later",
    }.get(error.status_code, "its log says why")
    return f"the language model's server answered {error.status_code}: {advice}"
