"""How a question asks for a study: in words ("the trial of ..."), by its name (CIBIS-II) or its number (NCT00528879).

And which part of it would answer: what it found unless who took part, what was given, measured or planned is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ingest.schema import Kind
from rag.asked.sections import base

STUDIES = frozenset({Kind.ARTICLE.value, Kind.TRIAL.value})
GUIDANCE = frozenset({Kind.GUIDELINE.value})

_STUDY = re.compile(
    # tried on a patient, a test and learning are none: "a trial of antacids", "liver function studies", "to study"
    r"\b(?:(?<!\ba\s)(?<!\bshort\s)trials?|trial(?!\soff?\b)|there\sa\strial|RCTs?"
    r"|(?<!blood\s)(?<!function\s)(?<!thyroid\s)(?<!imaging\s)stud(?:y|ies)(?<!\bto\sstudy)(?<!\bI\sstudy)(?<!nts\sstudy)"
    r"|(?:been|ever)\sstudied|evidence(?!\sof\b)|evidence\sof\s(?:[\w-]+\s){0,2}(?:benefit|harm|effect|efficacy|safety)|literature"
    r"|papers?(?!\s(?:prescription|form|copy|chart|bag|cup|tape))|articles?|publish\w*|publications?|authors?|research\w*"
    r"|meta-?analys[ei]s|(?:systematic|literature)\sreviews?|pooled\sanalys[ei]s|cohorts?|surveys?|registered"
    r"|randomi[sz]ed|(?:double|single)[\s-]blind\w*|placebo[\s-](?:controlled|arm|group)|head-to-head|investigators|participants"
    r"|cross-?over(?!\s(?:reacti|allerg|sensitiv)\w*)|(?:hazard|odds|risk)\sratios?|confidence\sinterval"
    r"|case[\s-](?:reports?|series|control)|in\sthe\s(?:\w+\s)?series"
    r"|(?:reported|published|known|described|been|(?:is|are|was|were)\sthere)\s(?:an?\s|any\s|reported\s)?cases?"
    # a certain patient of the past, told apart from others, is one of a case report
    r"|the\s(?:[\w-]+\s){1,2}(?:patient|person|man|woman|boy|girl|child|infant)\swho\s(?:\w+\s)?(?:took|got|received|developed|died))\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"^(?=.*\b(?:studies|trials|papers|reviews|literature|evidence|publications|researchers)\b)"
    r".*\b(?:(?:dis)?agree|conflict|contradict|differ\b|(?:in)?consisten|mixed\b|unanimous|opposite)",
    re.IGNORECASE | re.DOTALL,
)
_GUIDANCE = re.compile(
    r"\b(?:guidelines?|(?:\d{4}|the|this|which|current|published)\s(?:\w+\s){0,2}guidance|consensus|position\sstatement"
    r"|according\sto\sthe\s(?:[\w-]+\s){0,3}(?:summary|overview|page)"
    r"|recommend\w*\s(?:of|from|by)\s(?:the\s)?(?:\w+\s){0,3}(?:society|societies|college|association|academy|committee))\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:the|this|that|which|[A-Z]\w+['’]s)\s(?:[\w-]+\s){0,5}?(?:trial|study|paper|series|cohort|report(?:ed\scase)?|article|case"
    r"|publication|analysis|record)\b"
)
_LABEL = re.compile(
    r"\b(?:label\w*|package\sinsert|leaflet|prescribing\sinformation|smpc|boxed|black[\s-]box)\b", re.IGNORECASE
)
_NUMBER = {
    "trial:{}": re.compile(r"\b(NCT\d{8})\b", re.IGNORECASE),
    "pubmed:{}": re.compile(r"\bPMID:?\s?(\d{1,8})\b", re.IGNORECASE),
    "pmc:{}": re.compile(r"\b(PMC\d{3,9})\b", re.IGNORECASE),
}
_NAME = re.compile(
    r"(?<![\w-])(?=[\w-]*[A-Z]{3}|[A-Z]\d{2})[A-Z][A-Z0-9]+(?:[- ](?:[IVX]+|\d{1,3}|[A-Z]{2,})(?![\w]))*(?!\w)"
)
_PARTS = (
    (
        "eligibility population participant patient subject method",
        r"eligib\w+|(?:in|ex)clu(?:sion|ded)|criteria|enrol\w*|recruit\w*|who\s(?:was|were|took|could|can)\b|join(?:ed)?|take\spart"
        r"|participants?|baseline",
    ),
    (
        "outcome method",
        r"(?:outcome|end-?point)\smeasures?|measured|what\s(?:is|was|were|are)\sthe\s(?:primary|secondary|main)\s(?:outcome|end-?point)s?"
        r"|(?:which|what)\s(?:outcomes?|end-?points?)",
    ),
    (
        "arm intervention design method",
        r"arms?|comparators?|regimens?|(?:which|what)\s(?:doses?|treatments?)|what\s(?:[\w-]+\s){0,4}given"
        r"|(?:trial|study|protocol|investigators|researchers)\s(?:gives?|gave|use[sd]?|administer\w*|test(?:s|ed)?)"
        r"|intervention",
    ),
    (
        "design method",
        r"design\w*|blind\w*|masked|masking|sample\ssize|sponsor\w*|funded|phase|protocol|how\slong\s(?:was|were|did)",
    ),
)
_PLACES = tuple((slugs, re.compile(rf"\b(?:{cues})\b", re.IGNORECASE)) for slugs, cues in _PARTS)
_SMALL = frozenset(["a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
SHORTEST = 4
"""Letters of a study's name: a shorter one may be an abbreviation ("the ICU trial"), or initials by chance."""
RESULTS = ("result", "finding", "conclusion", "detailed_description", "discussion")


@dataclass(frozen=True, slots=True)
class Sought:
    """What a question says of the source that it wants.

    ``kinds``: what its words ask for ("trial", "guideline"), empty where they ask for none; ``numbers``: ids of
    documents; ``names``: words that may be a study's name, ``outright`` those and numbers that are beyond doubt ("the
    PARADIGM-HF trial"); ``parts``: beginnings of the section slugs that would answer; ``one``: whether it means a
    certain study ("the trial of ..."), ``several``: what studies say together, ``label``: what a label says.
    """

    kinds: frozenset[str] = frozenset()
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    outright: tuple[str, ...] = ()
    parts: tuple[str, ...] = RESULTS
    one: bool = False
    several: bool = False
    label: bool = False

    @property
    def part_named(self) -> bool:
        """Whether the question says which part it wants."""
        return self.parts != RESULTS


def sought(question: str) -> Sought:
    """What ``question`` says of its source."""
    found = [(form, one[1].upper()) for form, number in _NUMBER.items() for one in number.finditer(question)]
    plain = _without_numbers(question)
    names = tuple(dict.fromkeys(one[0] for one in _NAME.finditer(plain)))
    certain = (name for name in names if len(name) >= SHORTEST and _outright(name).search(plain))
    outright = (*(number for _, number in found), *certain)
    kinds = STUDIES if outright or _STUDY.search(plain) else frozenset[str]()
    return Sought(
        kinds=kinds | GUIDANCE if _GUIDANCE.search(plain) else kinds,
        numbers=tuple(form.format(number) for form, number in found),
        names=names,
        outright=outright,
        parts=next((tuple(slugs.split()) for slugs, cues in _PLACES if cues.search(plain)), RESULTS),
        one=bool(outright) or _ONE.search(plain) is not None,
        several=_SEVERAL.search(plain) is not None,
        label=_LABEL.search(plain) is not None,
    )


def asks_for_study(question: str) -> bool:
    """Whether the question's words ask for what was published."""
    return bool(sought(question).kinds)


def is_called(name: str, title: str, text: str = "") -> bool:
    """Whether a study's title or text introduces it by this name: "(CIBIS-II)", "the PLATO trial", or its initials.

    >>> is_called("MORE", "Safety of raloxifene: multiple outcomes of raloxifene evaluation")
    True
    """
    return _introduced(name).search(f"{title}\n{text}") is not None or _initials(name, title)


def _initials(name: str, title: str) -> bool:
    """Whether a part of the title between punctuation has these initials, with or without its small words."""
    parts = [re.findall(r"[^\W\d_]+", part) for part in re.split(r"[.,:;()?]|\s[-–—]\s", title.casefold())]
    every = {"".join(word[0] for word in words) for words in parts}
    large = {"".join(word[0] for word in words if word not in _SMALL) for words in parts}
    return len(name) >= SHORTEST and name.isalpha() and name.casefold() in every | large


def is_part(slug: str, parts: tuple[str, ...]) -> bool:
    """Whether a section is one of ``parts``: ``abstract.results`` is a "result"."""
    return base(slug).rpartition(".")[2].startswith(parts)


def _without_numbers(question: str) -> str:
    for number in _NUMBER.values():
        question = number.sub(" ", question)
    return question


@cache
def _outright(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w-]){re.escape(name)}\s(?:trial|study|investigators)\b|\b(?:trial|study)\s{re.escape(name)}(?!\w)"
    )


@cache
def _introduced(name: str) -> re.Pattern[str]:
    """Letter case counts, as many names are words; a name without a numeral is not that of its sequel."""
    written = r"[\s-]?".join(map(re.escape, re.split(r"[\s-]", name)))
    alone = rf"(?<![\w-]){written}(?![\w]|[\s-](?:[IVX]+|\d+)\b)"
    after = r"\s(?:[Tt]rial|[Ss]tudy|[Gg]roup|[Ii]nvestigators|TRIAL|STUDY)"
    before = r"(?:[Tt]rial|[Ss]tudy|of the|in the)\s"
    return re.compile(rf"\({alone}[),]|{alone}(?:{after}|:)|{before}{alone}")
