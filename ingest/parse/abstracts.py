"""Abstracts that came as one run of text: the parts that their own labels ("METHODS: ...") mark off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.parse.pubmed import unique_slug
from ingest.schema import Section

# Words that labels of structured abstracts consist of; a label is one or more of them, joined.
_WORDS = (
    "abstract|aims?|analys[ei]s|and|background|case|clinical|cohort|comparisons?|conclusions?|context|criteria|data|design"
    "|discussion|evidence|exposures?|extraction|findings?|goals?|hypothes[ei]s|importance|implications?|intervention"
    "|interventions|interpretations?|introduction|key|level|limitations?|main|materials?|measures?|measurements?"
    "|methodology|methods?|motivation|number|objectives?|of|outcomes?|participants?|patients?|points?|population"
    "|primary|problem|procedures?|protocol|purposes?|questions?|rationale|registrations?|relevance|reports?|research"
    "|results?|review|scope|secondary|selection|series|setting|settings|significance|sources?|statement|statistical"
    "|studied|studies|study|subjects?|summary|synthesis|the|trial|unassigned|unlabelled|used"
)
# Words that never stand alone as a label: "Data: ..." or "Patients: 12" may be part of a sentence's text.
_WEAK = re.compile(
    r"(?:abstract|and|case|clinical|data|evidence|key|level|main|number|of|primary|secondary|the|used|[\s/&,])+"
)
_LABEL = re.compile(
    rf"(?:^|(?<=[.?!)\]”\"%] ))(?P<label>(?:{_WORDS})(?:(?:\s?[/&,]\s?|\s)(?:{_WORDS})){{0,5}})\s?:\s(?=\S)",
    re.IGNORECASE,
)
_EXTRA = re.compile(r"abstract\s+(?=\S)", re.IGNORECASE)
_NONE = {"UNASSIGNED", "UNLABELLED", "ABSTRACT"}


def parts(text: str) -> tuple[Section, ...]:
    """The sections of an abstract (clean, on one line): ``abstract.methods`` and so on, or ``abstract`` alone.

    It is divided where it begins with a label and another one follows: a single one, or labels after a text without
    any, may be part of a sentence. Labels are left out of the text, as in PubMed's structured abstracts.
    """
    labels = [match for match in _LABEL.finditer(text) if _is_label(match["label"])]
    whole = (Section("abstract", "Abstract", ("Abstract",), text),) if text else ()
    if len(labels) < 2 or labels[0].start() > 0:
        return whole
    sections: dict[str, Section] = {}
    for label, body in _divided(text, labels):
        slug = unique_slug("abstract", label, sections)
        sections[slug] = Section(slug, label or "Abstract", ("Abstract", label) if label else ("Abstract",), body)
    return tuple(sections.values())


def _is_label(label: str) -> bool:
    """Whether the words are a label: it begins with a capital, and one word at least says what follows."""
    return label[0].isupper() and not _WEAK.fullmatch(label.lower())


def _divided(text: str, labels: list[re.Match[str]]) -> Iterator[tuple[str, str]]:
    ends = [match.start() for match in labels[1:]] + [len(text)]
    for match, end in zip(labels, ends, strict=True):
        label, body = _EXTRA.sub("", match["label"], count=1), text[match.end() : end].strip()
        if body:
            yield ("" if label.upper() in _NONE else label), body
