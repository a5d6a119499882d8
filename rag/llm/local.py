"""Local transformers models, causal or seq2seq, as LlamaIndex's `LLM`. Nothing is downloaded."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import ChatMessage, CustomLLM, MessageRole
from llama_index.core.llms.callbacks import llm_completion_callback
from pydantic import PrivateAttr
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    StoppingCriteria,
    TextIteratorStreamer,
)
from transformers.utils import logging

from rag.batching import has_bfloat16
from rag.dense import fingerprint
from rag.errors import GeneratorError, MissingExtraError, ModelError
from rag.indexes.placement import Device


class Stop(StoppingCriteria):
    """Ends a generation when its event is set."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def __call__(self, input_ids: torch.Tensor, _scores: torch.Tensor, **_: Any) -> torch.Tensor:  # noqa: ANN401
        """One truth value for each row."""
        return torch.full((input_ids.shape[0],), self._event.is_set(), device=input_ids.device)


class Local(CustomLLM):
    """A model and its tokenizer from a folder; make it with `Local.load`. Threads share it, one generation at a time.

    Greedy where ``temperature`` is 0, else sampled from ``seed``: the same words for the same prompt on one machine.
    """

    name: str
    context: int
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    made_of: dict[str, str]
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _settings: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _tokenizing: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @staticmethod
    def load(
        folder: Path,
        adapter: Path | None = None,
        *,
        four_bit: bool = False,
        device: Device = "auto",
        context: int = 4096,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Local:
        """The model with its PEFT adapter; ``context``: tokens of prompt and answer, at most what the model takes.

        Raises `ModelError`, and `MissingExtraError` where an adapter or 4 bits need what is not installed.
        """
        made_of = {"weights": _fingerprint(folder)}
        if adapter is not None:
            made_of["adapter"] = _fingerprint(adapter)
        model, tokenizer = _loaded(folder, _device(device), four_bit=four_bit)
        if adapter is not None:
            model = _adapted(model, adapter)
        made_of["arithmetic"] = "4bit" if four_bit else str(model.dtype).removeprefix("torch.")
        made_of |= {"seed": str(seed), "temperature": f"{temperature:g}"}
        longest = getattr(model.config, "max_position_embeddings", None) or context
        local = Local(
            name=folder.name,
            context=min(context, longest),
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            made_of=made_of,
        )
        local._model, local._tokenizer = model.eval(), tokenizer
        local._settings = _settings(model, temperature, max_tokens)
        # Not the bound method itself: its repr would hold the model's, which holds it.
        local.messages_to_prompt = lambda messages: local.prompt_of(messages)  # noqa: PLW0108
        return local

    @property
    def metadata(self) -> LLMMetadata:
        """A chat model where the tokenizer has a chat template."""
        return LLMMetadata(
            context_window=self.context,
            num_output=self.max_tokens,
            is_chat_model=bool(self._tokenizer.chat_template),
            model_name=self.name,
        )

    def prompt_of(self, messages: Sequence[ChatMessage]) -> str:
        """The messages in the chat template, thinking off where it knows the switch; system text goes into the user's
        where the template has no system role. Without a template: the texts one after another."""
        told = [{"role": message.role.value, "content": message.content or ""} for message in messages]
        if not self._tokenizer.chat_template:
            return "\n\n".join(message["content"] for message in told)
        try:
            return self._templated(told)
        except TemplateError:
            joined = "\n\n".join(message["content"] for message in told)
            return self._templated([{"role": MessageRole.USER.value, "content": joined}])

    def count(self, system: str, user: str) -> int:
        """Tokens of the two messages as the model is given them."""
        messages = [ChatMessage(system, role=MessageRole.SYSTEM), ChatMessage(user, role=MessageRole.USER)]
        return int(self._tokens(self.prompt_of(messages), formatted=True)["input_ids"].shape[1])

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ANN401
        """All that `stream_complete` gives, at once."""
        parts: list[CompletionResponse] = list(self.stream_complete(prompt, formatted, **kwargs))
        return parts[-1]  # there is always one: the streamer's end

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:  # noqa: ANN401
        """The text as it grows; closing the stream ends it. Raises `GeneratorError` where the prompt is too long."""
        features = self._tokens(prompt, formatted=formatted)
        used = features["input_ids"].shape[1]
        if used + self.max_tokens > self.context:
            told = f"a prompt of {used} tokens and an answer of {self.max_tokens} exceed the model's {self.context}"
            raise GeneratorError(f"{told}: ask with less, or lower CITERX_LLM_MAX_TOKENS")
        return self._stream(features)

    def _stream(self, features: dict[str, torch.Tensor]) -> CompletionResponseGen:
        skip = not self._model.config.is_encoder_decoder  # a decoder of its own does not repeat the prompt
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=skip, skip_special_tokens=True)
        stop = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="generation") as thread:
            writing = thread.submit(self._write, features, streamer, stop)
            try:
                text = ""
                for delta in streamer:
                    text += delta
                    yield CompletionResponse(text=text, delta=delta)
            finally:
                stop.set()
            writing.result()  # raises what the generation raised

    @torch.inference_mode()
    def _write(self, features: dict[str, torch.Tensor], streamer: TextIteratorStreamer, stop: threading.Event) -> None:
        cuda = [self._model.device] if self._model.device.type == "cuda" else []
        try:
            with self._turn, torch.random.fork_rng(cuda):
                if not stop.is_set():
                    torch.manual_seed(self.seed)
                    placed = {name: value.to(self._model.device) for name, value in features.items()}
                    self._model.generate(
                        **placed, generation_config=self._settings, streamer=streamer, stopping_criteria=[Stop(stop)]
                    )
        finally:
            streamer.end()  # type: ignore[no-untyped-call] # or who reads would wait for ever where the generation failed

    def _tokens(self, prompt: str, *, formatted: bool) -> dict[str, torch.Tensor]:
        """A chat template brings its own marks of beginning and end."""
        special = not (formatted and self._tokenizer.chat_template)
        with self._tokenizing:
            found = self._tokenizer(prompt, return_tensors="pt", add_special_tokens=special)
        return {name: found[name] for name in ("input_ids", "attention_mask")}

    def _templated(self, messages: list[dict[str, str]]) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        )


def _loaded(folder: Path, device: str, *, four_bit: bool) -> tuple[Any, Any]:
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    if four_bit:
        options |= {"quantization_config": _four_bit(), "device_map": {"": device}}
    else:
        options["dtype"] = torch.bfloat16 if has_bfloat16(device) else torch.float32
    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # it would run over the command line's own
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(folder, **options)
        return (model if four_bit else model.to(device)), tokenizer  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        way = " in 4 bits" if four_bit else ""
        raise ModelError(f"{folder}: not a transformers model that can be loaded{way}: {error}") from error


def _four_bit() -> BitsAndBytesConfig:
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("CITERX_LLM_4BIT needs bitsandbytes: pip install 'citerx[quantized]'")
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


def _adapted(model: Any, adapter: Path) -> Any:  # noqa: ANN401 (a transformers model)
    if find_spec("peft") is None:
        raise MissingExtraError("CITERX_LLM_ADAPTER needs peft: pip install 'citerx[train]'")
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(adapter))
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        raise ModelError(f"{adapter}: not a PEFT adapter of this model: {error}") from error


def _settings(model: Any, temperature: float, max_tokens: int) -> Any:  # noqa: ANN401 (a GenerationConfig)
    """The model's own settings of generation, except those that would decide chance and length."""
    found = copy.deepcopy(model.generation_config)
    found.update(max_new_tokens=max_tokens, max_length=None, num_beams=1, do_sample=temperature > 0)
    found.update(temperature=temperature or None, top_p=None, top_k=None)
    if found.pad_token_id is None:
        ends = found.eos_token_id
        found.pad_token_id = ends[0] if isinstance(ends, list) else ends
    return found


def _fingerprint(folder: Path) -> str:
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder}: no .safetensors weights; name the folder of a transformers model or PEFT adapter")
    return fingerprint(folder)[:12]


def _device(wanted: Device) -> str:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("CITERX_DEVICE is cuda but torch sees no NVIDIA GPU; set it to auto or cpu")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"
