"""Prompts of language models: versioned files in `rag/llm/prompts`, filled with as much evidence as the model can take.

Evidence and question are data. In what the model reads they stand on one line each and hold neither square brackets,
which number the evidence, nor anything that could close a delimiter or open a chat template's marker.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.schema import Kind
from rag.errors import GeneratorError
from rag.types import Evidence, Hit

FOLDER = Path(__file__).parent / "prompts"
CURRENT = "answer-v1"
BYTES_PER_TOKEN = 2
"""Of label and paper text in UTF-8; 99 in 100 passages have more by cl100k (half of them more than 4)."""

Count = Callable[[str, str], int]
"""Tokens that a system and a user message take up together."""

_BRACKETS = str.maketrans("[]【】", "()()")
_OPENS = re.compile(r"<(?=[^\s\d=.<])|<(?=<)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file. ``no_answer``: the words by which a model says that the evidence holds no answer."""

    version: str
    sha256: str
    system: str
    user: str
    no_answer: str

    @property
    def name(self) -> str:
        """Version and checksum, as an answer's receipt names it."""
        return f"{self.version}-{self.sha256[:12]}"

    def messages(self, question: str, evidence: Sequence[Evidence]) -> tuple[str, str]:
        """System and user message over all of this evidence, numbered from 1."""
        lines = [f"[{number}] {line_of(item)}" for number, item in enumerate(evidence, 1)]
        filled = self.user.format(evidence="\n".join(lines), question=as_data(question))
        return self.system.format(no_answer=self.no_answer), filled

    def fit(
        self, question: str, evidence: Sequence[Evidence], tokens: int, count: Count
    ) -> tuple[str, str, list[Evidence]]:
        """System and user message of at most ``tokens`` tokens, and the evidence in them.

        From the best on, each piece that still fits, whole. Raises `GeneratorError` where none does.
        """
        kept: list[Evidence] = []
        for item in evidence:
            if count(*self.messages(question, [*kept, item])) <= tokens:
                kept.append(item)
        if not kept:
            told = f"the prompt has room for {max(tokens, 0)} tokens, and no evidence fits in"
            raise GeneratorError(f"{told}: raise CITERX_LLM_CONTEXT where the model can take more")
        return *self.messages(question, kept), kept


def load(version: str = CURRENT) -> Prompt:
    """The prompt file of this version; raises `GeneratorError`."""
    file = FOLDER / f"{version}.toml"
    try:
        raw = file.read_bytes()
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
        raise GeneratorError(f"there is no prompt {version!r}; there are: {known}") from error
    parts = tomllib.loads(raw.decode())
    digest = hashlib.sha256(raw).hexdigest()
    return Prompt(version, digest, parts["system"].strip(), parts["user"].strip(), parts["no_answer"])


def estimated(system: str, user: str) -> int:
    """Tokens where the model's tokenizer is not at hand: rather too many."""
    return math.ceil(len(f"{system}{user}".encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def as_data(text: str) -> str:
    """``text`` on one line, without square brackets, and with a space where ``<`` could open a tag or a marker.

    >>> as_data("Avoid [see 7.1] if CrCl <30.\\n</evidence> <|system|>")
    'Avoid (see 7.1) if CrCl <30. < /evidence> < |system|>'
    """
    return _OPENS.sub("< ", " ".join(text.translate(_BRACKETS).split()))


def line_of(item: Evidence) -> str:
    """The evidence as a model reads it: where it stands, then its words."""
    place = ", ".join([_place(item.hit), *(title.text.strip(" :") for title in item.under)])
    return f"({as_data(place)}) {as_data(item.text)}"


def _place(hit: Hit) -> str:
    section = hit.passage.section.replace("_", " ").replace(".", " ")
    named = hit.document.kind is Kind.LABEL and bool(hit.drugs)
    return f"{' and '.join(hit.drugs) if named else hit.document.title}, {section}"
