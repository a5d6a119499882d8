"""Text with citation numbers, as language models write it, to drafts and back.

A sentence that cites nothing, or a number that was not given, is dropped and counted: nobody could check it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.sentences import sentences
from rag.errors import GeneratorError
from rag.generate import MAX_STATEMENTS
from rag.llm.prompting import as_data
from rag.types import Draft, Evidence

UNCITED, UNKNOWN, REPEATED, BEYOND = "no citation", "citation of nothing given", "repeated", "beyond the first eight"

_MARK = r"\[\s*(?:evidence|sources?)?\s*\#?[0-9][0-9\s,;&–—-]*\]"
_GROUP = rf"{_MARK}(?:\s*(?:,|;|&|and\b)?\s*{_MARK})*"
_MARKS = re.compile(_GROUP, re.IGNORECASE)
_CLOSING = r"[.!?][\"'”’)]*"
_STOP = re.compile(_CLOSING)
_STOP_AT_END = re.compile(rf"({_CLOSING})(\s*)\Z")
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>|\A.*</think(?:ing)?>|<think(?:ing)?>.*\Z", re.DOTALL)
_WRAPPED = re.compile(r"(?<=[^\s.!?:\]])[^\S\n]*\n[^\S\n]*(?=[a-z(])")
_OPENING = re.compile(
    r"(?:[-*•#>]+[^\S\n]+|[0-9]{1,2}[.)][^\S\n]+|(?:final |direct )?answer[^\S\n]*:[^\S\n]*)", re.IGNORECASE
)
_SPACES = re.compile(r"[^\S\n]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a model's text comes to, and how many of its sentences were ``dropped``, by reason.

    ``uncited``: those of them that claim something and cite nothing that was given, as drafts without evidence. No
    drafts: the model said that the evidence holds no answer.
    """

    drafts: list[Draft]
    dropped: Counter[str]
    uncited: list[Draft] = field(default_factory=list)


def parse(text: str, evidence: Sequence[Evidence], no_answer: str) -> Parsed:
    """Drafts from ``text``, whose numbers count ``evidence`` from 1; raises `GeneratorError` where none can be made."""
    plain = _plain(text)
    said = list(_sentences(plain))
    if _bare(no_answer) in map(_bare, (plain, *said)):  # whatever else it wrote is then no answer
        return Parsed([], Counter())
    if not plain:
        told = "raise CITERX_LLM_MAX_TOKENS, take another model or, where a server is asked, look at its log"
        raise GeneratorError(f"the language model wrote nothing: {told}")
    drafts: list[Draft] = []
    uncited: list[Draft] = []
    dropped: Counter[str] = Counter()
    for sentence in said:
        draft = _draft(sentence, evidence)
        reason = draft if isinstance(draft, str) else _too_many(draft, drafts)
        if isinstance(draft, str) or reason:
            dropped[reason] += 1
            uncited += [Draft(words, ()) for words in [_words(sentence)] if isinstance(draft, str) and _claims(words)]
        else:
            drafts.append(draft)
    if not drafts:
        told = ", ".join(f"{reason}: {count}" for reason, count in sorted(dropped.items())) or "no sentence at all"
        raise GeneratorError(f"the language model wrote nothing that can be checked ({told}); take another model")
    return Parsed(drafts, dropped, uncited)


def render(drafts: Sequence[Draft], evidence: Sequence[Evidence]) -> str:
    """The drafts as a model should write them over ``evidence``: a line each, numbers before the closing full stop.

    Raises `ValueError` where a draft cites what is not in ``evidence``.
    """
    places = list(evidence)
    lines = []
    for draft in drafts:
        numbers = "".join(f"[{places.index(item) + 1}]" for item in draft.evidence)
        closing = re.search(rf"(?:{_CLOSING})?\Z", draft.text)
        at = closing.start() if closing else len(draft.text)
        lines.append(f"{as_data(draft.text[:at])} {numbers}{as_data(draft.text[at:])}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Without thoughts, control characters, emphasis, bullets, headings' marks and a leading "Answer:"."""
    valid = _SPACES.sub(" ", _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()))
    bare = _THOUGHTS.sub("", valid).translate(str.maketrans("【】", "[]")).replace("**", "")
    lines = (_opened(line.strip()) for line in _WRAPPED.sub(" ", bare).split("\n"))
    return "\n".join(line for line in lines if line)


def _opened(line: str) -> str:
    while match := _OPENING.match(line):
        line = line[match.end() :]
    return line


def _sentences(text: str) -> Iterator[str]:
    """Each with its numbers inside, wherever around the full stop the model put them."""
    words, *rest = re.split(f"({_GROUP})", text, flags=re.IGNORECASE)
    pieces = []
    for marks, after in zip(rest[::2], rest[1::2], strict=True):
        before, stop, following = _around(words, after)
        pieces += [before, marks, f"{stop}\n" if stop else ""]
        words = following
    whole = "".join([*pieces, words])
    yield from (whole[start:end] for start, end in sentences(whole))


def _around(words: str, after: str) -> tuple[str, str, str]:
    """What stands before the marks, the stop that belongs behind them (empty: none), and what follows."""
    leading = _STOP.match(after)
    following = after[leading.end() :] if leading else after
    trailing = _STOP_AT_END.search(words)
    # Marks that begin a line of text number that line, as in a list of references.
    numbers_line = trailing is not None and "\n" in trailing[2] and following.partition("\n")[0].strip()
    if trailing is not None and not numbers_line:
        return f"{words[: trailing.start()]} ", trailing[1], following
    return words, leading.group() if leading else "", following


def _draft(sentence: str, evidence: Sequence[Evidence]) -> Draft | str:
    """The draft, or why there is none. Numbers at the very beginning cite nothing: lists of references begin so."""
    lead = _MARKS.match(sentence)
    body = sentence[lead.end() :] if lead else sentence
    words = _words(body)
    if not _MARKS.search(body) or not re.search(r"\w\w", words):
        return UNCITED
    numbers = list(
        dict.fromkeys(number for match in _MARKS.finditer(body) for number in _numbers(match.group(), len(evidence)))
    )
    if 0 in numbers:
        return UNKNOWN
    cited = tuple(evidence[number - 1] for number in numbers)
    return Draft(_original(words, cited), cited)


def _words(sentence: str) -> str:
    """Without its numbers."""
    return re.sub(r"\s+(?=[.,;:!?)])", "", " ".join(_MARKS.sub(" ", sentence).split()))


def _claims(words: str) -> bool:
    """Whether a sentence says something: a lead-in ("Findings:") and a rule across the page do not."""
    return re.search(r"\w\W+\w", words) is not None and not words.endswith(":")


def _numbers(group: str, known: int) -> Iterator[int]:
    """The numbers of markers such as ``[1][3-5, 7]``; 0 for each that is not from 1 to ``known``."""
    for part in re.findall(r"[0-9]+(?:\s*[–—-]+\s*[0-9]+)?", group):
        ends = [int(digits) if len(digits) < 6 else 0 for digits in re.findall(r"[0-9]+", part)]
        if 1 <= ends[0] <= ends[-1] <= known:
            yield from range(ends[0], ends[-1] + 1)
        else:
            yield 0


def _original(words: str, cited: Sequence[Evidence]) -> str:
    """The evidence's own words where the model copied them as they were shown to it, else ``words``."""
    same = (item.text for item in cited if _bare(as_data(item.text)) == _bare(words))
    return next(same, words)


def _too_many(draft: Draft, drafts: Sequence[Draft]) -> str:
    if any(_bare(draft.text) == _bare(other.text) for other in drafts):
        return REPEATED
    return BEYOND if len(drafts) == MAX_STATEMENTS else ""


def _bare(text: str) -> str:
    return " ".join(text.split()).rstrip(" .!").casefold()
