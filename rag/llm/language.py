"""Language models as generators: any `LLM` of LlamaIndex, asked with a prompt of `rag/llm/prompting.py`.

`rag/llm/cited.py` cuts what it writes into sentences with citations; `rag/verify.py` decides which of them are shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM, ChatMessage, MessageRole

from rag.errors import GeneratorError, RagError
from rag.llm.cited import parse
from rag.llm.prompting import Count, Prompt, estimated, load
from rag.query import Query
from rag.types import Draft, Evidence

log = logging.getLogger(__name__)

CALLS = 8
"""Questions that one model is asked at a time, those given up included until they end; more wait for their turn."""
WAITING = 64
"""Questions that may wait for one model where nothing else is said."""
MAX_CHARACTERS = 20_000
"""Of a model's text; far more than an answer, so the rest is not waited for."""
Explain = Callable[[BaseException], str]


def unexplained(error: BaseException) -> str:
    """What to tell of an error that a language model raised, where nothing is known of it."""
    return f"the language model failed ({type(error).__name__}); the service's log says more"


class LanguageModel:
    """Asks a language model, by chat where it is a chat model. Threads may share it.

    ``count``: tokens of a prompt; ``timeout``: seconds after which an answer is given up; ``at_once``: questions that
    may wait for it, others are turned away; ``explain``: what to tell of errors of ``llm``; ``made_of``: what else an
    answer depends on. The size of the prompt follows ``llm.metadata``.
    """

    def __init__(
        self,
        llm: LLM,
        *,
        prompt: Prompt | None = None,
        count: Count = estimated,
        timeout: float = 60.0,
        at_once: int = WAITING,
        explain: Explain = unexplained,
        made_of: Mapping[str, str] | None = None,
    ) -> None:
        self._llm, self._prompt, self._count = llm, prompt or load(), count
        self._timeout, self._explain = timeout, explain
        self._room = llm.metadata.context_window - max(llm.metadata.num_output, 0)
        self._free = threading.Semaphore(at_once)
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
        """What the model says; none where it says that the evidence holds no answer.

        Sentences that cite nothing come last, without evidence, so that they are counted as removed. Raises
        `GeneratorError` where the model is busy, fails, takes too long or writes nothing that cites evidence.
        """
        if not evidence:
            return []
        system, user, shown = self._prompt.fit(query.question, evidence, self._room, self._count)
        parsed = parse(self._awaited(system, user), shown, self._prompt.no_answer)
        if parsed.dropped:
            log.info("sentences of the language model dropped: %s", dict(parsed.dropped))
        return [*parsed.drafts, *parsed.uncited]

    def _awaited(self, system: str, user: str) -> str:
        """The model's text, unless too many questions wait for it: each of them holds up a thread of the service."""
        if not self._free.acquire(blocking=False):
            raise GeneratorError("the language model is busy with other questions: ask again, or raise CITERX_THREADS")
        try:
            return self._written(system, user)
        finally:
            self._free.release()

    def _written(self, system: str, user: str) -> str:
        """The model's text, waited for in this thread and read in another: one that hangs is given up in time."""
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
