"""Language models as generators: any `LLM` of LlamaIndex, asked with a prompt of `rag/prompting.py`.

`rag/cited.py` cuts what it writes into sentences with citations; `rag/verify.py` decides which of them are shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM, ChatMessage, MessageRole

from rag.cited import parse
from rag.errors import GeneratorError, RagError
from rag.prompting import Count, Prompt, estimated, load
from rag.query import Query
from rag.types import Draft, Evidence

log = logging.getLogger(__name__)

CALLS = 8
"""Questions that one model is asked at a time, those given up included until they end; more wait for their turn."""
MAX_CHARACTERS = 20_000
"""Of a model's text; far more than an answer, so the rest is not waited for."""
Explain = Callable[[BaseException], str]


def unexplained(error: BaseException) -> str:
    """What to tell of an error that a language model raised, where nothing is known of it."""
    return f"the language model failed ({type(error).__name__}); the service's log says more"


class LanguageModel:
    """Asks a language model, by chat where it is a chat model. Threads may share it.

    ``count``: tokens of a prompt; ``timeout``: seconds after which an answer is given up; ``explain``: what to tell of
    errors of ``llm``; ``made_of``: what else an answer depends on. The size of the prompt follows ``llm.metadata``.
    """

    def __init__(
        self,
        llm: LLM,
        *,
        prompt: Prompt | None = None,
        count: Count = estimated,
        timeout: float = 60.0,
        explain: Explain = unexplained,
        made_of: Mapping[str, str] | None = None,
    ) -> None:
        self._llm, self._prompt, self._count = llm, prompt or load(), count
        self._timeout, self._explain = timeout, explain
        self._room = llm.metadata.context_window - max(llm.metadata.num_output, 0)
        self._calls = ThreadPoolExecutor(CALLS, thread_name_prefix="language-model")
        self._made_of = {"model": llm.metadata.model_name, "prompt": self._prompt.name, **(made_of or {})}

    @property
    def llm(self) -> LLM:
        """The model itself, for LlamaIndex's own parts."""
        return self._llm

    @property
    def made_of(self) -> Mapping[str, str]:
        """What an answer depends on beside question and evidence: model, prompt, seed and the like."""
        return self._made_of

    def generate(self, query: Query, evidence: Sequence[Evidence]) -> list[Draft]:
        """What the model says, as far as it cites the evidence; none where it says that the evidence holds no answer.

        Raises `GeneratorError` where the model fails, takes too long or writes nothing that cites evidence.
        """
        if not evidence:
            return []
        system, user, shown = self._prompt.fit(query.question, evidence, self._room, self._count)
        parsed = parse(self._written(system, user), shown, self._prompt.no_answer)
        if parsed.dropped:
            log.info("sentences of the language model dropped: %s", dict(parsed.dropped))
        return parsed.drafts

    def _written(self, system: str, user: str) -> str:
        """The model's text, waited for in this thread and read in another: a model that hangs holds up no question."""
        stop = threading.Event()
        call = self._calls.submit(_read, self._llm, system, user, stop)
        try:
            error = call.exception(self._timeout)
        except TimeoutError as late:
            stop.set()
            call.cancel()
            told = f"the language model did not finish within {self._timeout:g} seconds"
            raise GeneratorError(f"{told}: raise CITERX_LLM_TIMEOUT or take a faster model") from late
        if isinstance(error, RagError):
            raise GeneratorError(str(error)) from error
        if error is not None:
            log.warning("the language model failed: %s: %s", type(error).__name__, error)
            raise GeneratorError(self._explain(error)) from error
        return call.result()


def _read(llm: LLM, system: str, user: str, stop: threading.Event) -> str:
    """The text as far as it comes before ``stop`` is set."""
    text = ""
    for part in _parts(llm, system, user):
        text = (part.message.content if isinstance(part, ChatResponse) else part.text) or ""
        if stop.is_set() or len(text) > MAX_CHARACTERS:
            break
    return text


def _parts(llm: LLM, system: str, user: str) -> Iterable[ChatResponse | CompletionResponse]:
    """The answer as it grows, or at once where the integration cannot stream."""
    prompt = f"{system}\n\n{user}\n\nAnswer:"
    messages = [ChatMessage(system, role=llm.metadata.system_role), ChatMessage(user, role=MessageRole.USER)]
    try:
        return llm.stream_chat(messages) if llm.metadata.is_chat_model else llm.stream_complete(prompt)
    except NotImplementedError:
        return [llm.chat(messages) if llm.metadata.is_chat_model else llm.complete(prompt)]
