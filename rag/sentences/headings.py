"""Where a sentence begins that its source ran together with bullets, section numbers and headings.

Bullets and numbers always go. A heading goes where nothing is lost: it names a part of every label ("Risk Summary"), or
the sentence says its words again ("Sexual Dysfunction Use of the drug may cause symptoms of sexual dysfunction"). Words
that turn round or govern what follows never go ("Do Not Use in patients with ..."). A heading also tells of whom the
sentences after the first speak (`governs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.checks.measures import AMOUNT

REFERENCE = r"\(\s*\d+(?:\.\d+)*(?:\s*,\s*\d+(?:\.\d+)*)*\s*\)"
SEE = r"(?:\[\s*see\b[^\]]*\]|\(\s*see\b[^()]*(?:\([^()]*\)[^()]*)*\))"
# Raised numbers of a source's list of references stand before the next sentence: "8, 9, 10 Because of ...".
_MARKS = re.compile(
    rf"(?:[•●▪◦·*–—-]\s+|{REFERENCE}[\s.]*|{SEE}[\s.]*|(?-i:\d{{1,2}}(?:\s?,\s?\d{{1,2}})+\s+(?=[A-Z][a-z])))+",
    re.IGNORECASE,
)
# "7.1 Inducers", "7 DRUG INTERACTIONS", "5. 3 Malignancy", "5.1 1 Liver Injury", but not "12 COPD patients".
NUMBER = re.compile(
    r"\d{1,2}(?:\s?\.\s?\d{1,2})+\.?(?:\s\d)?\s+(?=[A-Z•])"
    r"|\d{1,2}\.?\s+(?=[A-Z]{8}|[A-Z]{3,}(?: AND| OF)? [A-Z]{4}|OVERDOSE)"
)
_LISTED = re.compile(r"[(\[]?(?:\d{1,2}|[A-Za-z])[.)\]]\s*(?=[A-Z][a-z]+\s)")
# The last entry of a list, run together with the sentence after it.
_ENTRY = re.compile(r"[A-Z][^.:;•\n]{3,60}?[a-z0-9)] (?=(?:The|This|In an?|In the) [a-z])")
_CAPITALS = re.compile(
    r"(?:[A-Z0-9][A-Z0-9/,:&()'-]*\s+(?:(?:and|or|of|with|in)\s+(?=[A-Z]{3}))?){1,12}"
    r"(?=[A-Z][a-z]|[•●▪◦]|\d{1,2}\.\d{1,2}\s+[A-Z][a-z])"
)
_KNOWN = re.compile(
    r"(?:(?:BOXED )?WARNINGS?|CONTRAINDICATIONS|PRECAUTIONS|DRUG INTERACTIONS|INDICATIONS AND USAGE)\b:?\s+(?=[A-Z])"
    r"|(?:Drug Interactions|Contraindications|(?:Boxed )?Warnings?|Precautions|Indications and Usage)"
    r"\s+(?=[A-Z][\w-]*\s[a-z])"
)
# A title run together with its sentence: "CYP2D6 and CYP3A4 Inhibitors Drugs that inhibit ..."; the sentence begins at
# the first capitalised word that a lower-case word follows, unless that word only continues the title.
_TITLE = re.compile(
    r"(?:(?:[A-Z0-9][\w/,()'-]*|and|or|of|with|in|on|the|to|for)\s+){1,12}?"
    r"(?=(?:Store|Keep)\s+[A-Z]|[A-Z][a-z]+\s+(?!(?:and|or|of)\b)[a-z])"
)

# Where it cannot be told whether the title goes on: "Heart Failure in Permanent AF" or "Failure in Crohn's disease is".
_GOES_ON = re.compile(r"[A-Z][a-z]+\s+(?:in|with|for|to|by|on|from|during|after|at)\s+[A-Z]")
_SUBJECT = re.compile(
    r"(?:Treatment|Therapy|Use|Patients|Women|Men|Children|(?:Co-?|Re-?)?[Aa]dministration|Exposure|Combination|Cases"
    r"|Reports|Studies|Based|Monitoring|Interactions?)\b"
)

# A list of indications cut after the heading of its first entry, which says all again.
_LISTED_ANEW = re.compile(
    r"([A-Z][\w-]+)[®™]?\s[^.:\n]*\bindicated\b[^.:\n]*:\s+[^.:\n]{0,80}?(?=\1[®™]? is indicated\b)"
)

# Words that turn round or govern what follows; a heading that has one is never cut off.
GOVERNS = re.compile(
    r"\b(?:no|not|nor|non|none|never|neither|cannot|without|do|don't|does|must|should|only|unless|except\w*|less|fewer|more"
    r"|avoid\w*|contra-?indicat\w*|discontinu\w*|stop\w*|withh[eo]ld\w*|interrupt\w*|reduc\w*|increase|decrease"
    r"|limit\w*|restrict\w*|prohibit\w*|unapproved|overdos\w*|lack|absence|warnings?|precautions?|caution\w*)\b",
    re.IGNORECASE,
)
NEGATES = re.compile(r"\b(?:not|never|avoid|unless|except|only|without)\b")
_SECTION = re.compile(r"(?:contraindication|warning|precaution)s?", re.IGNORECASE)
# What a sentence says itself, so that the title of its section may go.
_FORBIDS = re.compile(
    r"\bcontraindicated\b|\b(?:should|must|may) not\b|\b(?:Do not|Avoid|Never|Discontinue|not recommended)\b"
)
_TITLES = (
    (re.compile(r"limitations?$", re.IGNORECASE), re.compile(r"\b(?:not|only|never|no)\b", re.IGNORECASE)),
    (re.compile(r"overdos", re.IGNORECASE), re.compile(r"\boverdos", re.IGNORECASE)),
)
_WARNS = re.compile(
    r"\b(?:may|can|could|should|must|risk|fatal|serious|severe|not|no|avoid|discontinue|monitor|caution|contraindicated"
    r"|occur|occurs|occurred|reported|increase[sd]?|decrease[sd]?|reduce[sd]?)\b",
    re.IGNORECASE,
)

# How names of drugs end (the stems of international nonproprietary names, roughly), and what ends so but is none.
_STEMS = r"(?:[ai]ne?|ide|one|ab|nib|vir|ole|ate|pril|tan|cin|ol|am|ene|ium|tin|fen|cept|tal|azem|il|rel)"
_NO_DRUG = (
    r"\w*(?:Medicine|Baseline|Urine|Vaccine|Creatin\w+|Hormone|Insulin|Bone|Control|Alcohol|Rate|State"
    r"|(?:[Ss]ulf|[Pp]hosph|[Aa]cet|[Cc]itr|[Tt]artr|[Mm]ale|[Ff]umar|[Ss]uccin|[Ss]yl|[Nn]itr|[Cc]arbon)ate"
    r"|(?:[Oo]x|[Bb]rom|[Cc]hlor|[Pp]ept)ide)"
)
# The words of an unnumbered heading, then a capitalised word that goes on in lower case: where the sentence may begin.
_RUN = re.compile(r"(?:\(?[A-Z0-9][\w/,()'’®-]*|and|or|of|with|in|on|the|to|for|by|from|during|due|that)\s+")
_JOINS = frozenset(re.findall(r"\w+", "and or of with in on the to for by from during due that"))
_CONDITIONS = frozenset({"if", "when", "while", "because", "since", "although", "unless", "until", "as", "where"})
_ADJECTIVE = re.compile(
    r"(?:al|ous|ic|ive|ed|ar|ary|ant|(?<!m)ent|able|ible|ly|ing|oral|acute|adult|severe|high|low)$", re.IGNORECASE
)
_NOUNS = frozenset({"General", "Pediatric", "Geriatric", "Dosing", "Counseling", "Monitoring", "Bleeding", "Summary"})
_BEGINS = re.compile(
    r"(?:The|An?|In|There|If|When|While|During|After|Before|Because|Based on|Since|Although|As|For|To|With|At|By|From"
    r"|Some|Most|Many|Each|Any|All|No|Advise|Inform|Counsel|Instruct|Monitor|Avoid|Consider|Discontinue|Reduce"
    r"|Adjust|Administer|Withhold|Tell|Caution|Evaluate|Assess|Obtain|Drugs that|Use of|Safety and|Clinical studies"
    r"|Signs and|Concomitant \w+|[A-Z][a-z]+ation (?:of|with)|[A-Z][a-z]*treatment (?:of|with)|Inhibitors of"
    r"|Inducers of)\s+(?=[a-z(]|[A-Z]{3}|\d)"
    r"|[A-Z][a-z]+ (?:reactions|events|effects|cases) (?:have|has|may|can|are|were)\b"
)
_NAMED = re.compile(
    r"[A-Z]{4,}[A-Z-]*[®™]? (?:is|are|was|were|can|may|has|have|had|should|must|did|does|contains|belongs)\b"
    rf"|(?!{_NO_DRUG}\b)[A-Z][a-z]{{2,}}{_STEMS}(?:,| [a-z])"
)
# What many headings say of ills, by the first letters; a sentence that says it has not named the ill.
_ILLS = frozenset({"syndr", "disor", "disea", "sever", "serio", "poten", "risk", "incre", "decre", "abnor", "fatal"})
# What headings of any label say, and words that carry nothing beside those.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """absorption action actions administration adverse affect affecting affects agents analysis animal
        assessment associated carcinogenesis class clinical clinically co common commonly
        concentration concentrations concomitant considerations counseling data description
        directions distribution dosage dose doses dosing drug drugs effect effects efficacy
        elimination evaluation events excretion experience exposure function general human impaired impairment in
        important indication indications information instructions interaction interactions laboratory
        limitations management mechanism medications medicines metabolism method monitoring observed
        other overview patients pharmacodynamics pharmacogenomics pharmacokinetic pharmacokinetics
        pharmacology populations potential prevention products properties reactions recommendation
        recommendations recommended related reported results risk safety schedule selected
        significant signs special specific studies study summary symptoms test tests therapy
        toxicities toxicity treatment trial trials usage use used using vitro vivo""",
    )
)
# Two words for one group of patients.
_FAMILIES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:fe)?males (?:and (?:fe)?males )?of reproductive potential\b"
        r"|\b(?:contracept|pregnan|gestation|f(?:o)?et(?:al|us)|teratogen|embryo)\w*",
        r"\b(?:lactat\w*|nursing(?: mothers)?|breast\w*|human milk)",
        r"\bp(?:a)?ediatric\w*|\b(?:child|infant|adolescent|neonat)\w*|\byears of age\b",
        r"\b(?:geriatric|elderly|older)\b|\b(?:aged )?(?:65|75) years|≥\s?65",
        r"\b(?:renal\w*|kidney|creatinine|CrCl|dialysis)\b",
        r"\b(?:hepatic\w*|liver|Child-Pugh|cirrho\w*)\b",
    )
)
_DOSES = re.compile(r"\b(?:dos(?:e|es|ed|age|ing)|mg|mcg|recommended|indicated)\b", re.IGNORECASE)
_FRONT = re.compile(r"\A(?:[\W\d_]+|[A-Za-z][.)\]]\s*)+")
_WORD = re.compile(r"[^\W_]+")
TITLE_WORDS = 12
"""Words of a line that is a title, at most."""
_STEM = 5
"""Letters by which a word of a heading is known again: "Dysfunction", "dysfunctional"."""


def begin(text: str, start: int, end: int) -> int:
    """Where the statement in ``text[start:end]`` begins."""
    first = start = _skip(_LISTED_ANEW, text, start, end)
    for _ in range(3):
        steps = (step for step in _steps(text, start, end) if step > start)
        start = next((step for step in steps if _may_go(text, first, start, step, end)), start)
    return start


def _steps(text: str, start: int, end: int) -> list[int]:
    """Where the statement may begin, the boldest cut first: after its heading, its number, its bullets."""
    marks = _skip(_MARKS, text, start, end)
    numbered = _skip(NUMBER, text, marks, end)
    if numbered == marks:
        listed = _skip(_LISTED, text, marks, end)
        entry = _skip(_ENTRY, text, listed, end) if listed > marks else listed
        return [entry, _skip_capitals(text, listed, end), *_headed(text, listed, end), listed, marks]
    capitals = _skip(_CAPITALS, text, numbered, end)
    titles = [capitals] if capitals > numbered else [_titled(text, numbered, end)]
    return [*titles, *_headed(text, numbered, end), numbered, marks]


def _titled(text: str, start: int, end: int) -> int:
    """Past the title after a number; ``start`` where the title may go on."""
    at = _skip(_TITLE, text, start, end)
    return start if _GOES_ON.match(text, at, end) and not _SUBJECT.match(text, at, end) else at


def _headed(text: str, start: int, end: int) -> Iterator[int]:
    """Where a sentence may begin after an unnumbered heading, the last place first."""
    places = [start]
    while len(places) < 16 and (match := _RUN.match(text, places[-1], end)):
        places.append(match.end())
    for at in reversed(places[1:]):
        cut, again = text[start:at], text.startswith(text[places[places.index(at) - 1] : at], at)
        if _is_heading(cut, again or _BEGINS.match(text, at, end), _NAMED.match(text, at, end)):
            yield at


def _is_heading(cut: str, begins: object, named: object) -> bool:
    """Whether the words can be a heading before such a beginning: they end in a noun, before a name not in a name."""
    last = cut.rsplit(maxsplit=1)[-1].rstrip("),")
    if not (begins or (named and not last.isupper())) or not cut[0].isupper():
        return False
    return last not in _JOINS and last.casefold() not in _CONDITIONS and (last in _NOUNS or not _ADJECTIVE.search(last))


def _may_go(text: str, first: int, start: int, step: int, end: int) -> bool:
    cut, rest = text[first:step], text[step:end]
    return not _loses(cut, rest) and _told(text[start:step], rest)


def _loses(cut: str, rest: str) -> bool:
    """Whether ``cut`` has words that ``rest`` needs; a section's title is missed only where ``rest`` is no warning."""
    words = GOVERNS.findall(
        re.sub(SEE, lambda see: see.group() if NEGATES.search(see.group()) else "", cut, flags=re.IGNORECASE)
    )
    words = [word for word in words if not any(title.match(word) and said.search(rest) for title, said in _TITLES)]
    if not all(_SECTION.fullmatch(word) for word in words):
        return True
    if any(word.lower().startswith("contra") for word in words):
        return not _FORBIDS.search(rest)
    return bool(words) and not _WARNS.search(rest)


def _told(cut: str, rest: str) -> bool:
    """Whether ``rest`` says what the heading ``cut`` says: each word, its initials, or the group of patients.

    Of a numbered heading or one in capitals that is asked only where a dose or a group of patients is at stake.
    """
    heading = _FRONT.sub("", re.sub(rf"{SEE}|{REFERENCE}", " ", cut, flags=re.IGNORECASE), count=1)
    for family in _FAMILIES:
        heading = family.sub(" ", heading) if family.search(rest) else heading
    group = any(family.search(heading) for family in _FAMILIES)
    if not group and not _DOSES.search(rest) and (heading.isupper() or cut.lstrip("•●▪◦·*–—- ")[:1].isdigit()):
        return True
    said = {word.casefold()[:_STEM] for word in _WORD.findall(rest)}
    initials = "".join(word[0] for word in _WORD.findall(heading) if word not in _JOINS)
    if len(initials) > 2 and re.search(rf"\b{re.escape(initials)}\b", rest):
        return True
    return all(
        word in _COMMON or word in _JOINS or word[:_STEM] in said or _SECTION.fullmatch(word)
        for word in map(str.casefold, _WORD.findall(heading))
    )


# What a run-together line of headings and a colon may be: "Pediatric patients: The dose is ...".
_COLON = re.compile(r"(?=[A-Z])[^.:;•\n]{3,110}(?<!include)(?<!includes)(?<!following):\s+(?=[A-Z])")
_CLAUSE = re.compile(r"\b(?:is|are|was|were|has|have|had|should|must|may|can|do|does|did|will)\b")
_SEVERITY = re.compile(r"\b(?:mild|moderate|severe|end-stage)", re.IGNORECASE)
_ILL = r"(?:\w+ ){0,3}(?:impair|insufficien|disease|dysfunction)\w*"
_GROUPS = (
    (re.compile(r"\bp(?:a)?ediatric|\b(?:children|infants|adolescents|neonat\w+)\b", re.IGNORECASE), _FAMILIES[2]),
    (re.compile(r"\b(?:geriatric|elderly)\b", re.IGNORECASE), _FAMILIES[3]),
    (re.compile(rf"\b(?:renal|kidney) {_ILL}|\bdialysis\b|\bCrCl\b", re.IGNORECASE), _FAMILIES[4]),
    (re.compile(rf"\b(?:hepatic|liver) {_ILL}|\bChild-Pugh\b|\bcirrho", re.IGNORECASE), _FAMILIES[5]),
)
"""Patients of whom less is true than of all, as a heading names them and as a sentence does."""
_SELECTED = re.compile(
    r"(?:(?:For|In) )?(?:patients|adults|women|men|those) (?:with|who|receiving|taking|on)\b", re.IGNORECASE
)
_OTHERS = re.compile(r"\b(?:all|both|other) (?:\w+ )?patients\b|\badults?\b", re.IGNORECASE)
_NO_TITLE = re.compile(r"(?:Table|Figure|Note|Study|Step)\b", re.IGNORECASE)
# Words that a heading may be, though none is cut off.
_ANEW = re.compile(
    r"[A-Z][\w’'-]*(?:\s(?:and|or|of|in|with|the|for|to|by|due)|\s\d+|\s(?:mg|mL)|\s\([\w ]+\)|\s[A-Z][\w’'®-]*)*"
    r"\s[A-Z][\w-]*\s+(?:[a-z(]|[A-Z]{3})"
)
_GROUP_HEAD = re.compile(
    r"(?:(?:Pediatric|Geriatric|Adult|Elderly|Male|Female|(?:Pred|D)ialysis)\s+(?:Patients|Use|Populations?|Subjects)"
    r"|(?:(?:Mild|Moderate|Severe)\s+)?(?:Renal|Hepatic)\s+(?:Impairment|Insufficiency)"
    r"|(?:Gender|Race|Age|Sex|Pregnancy|Lactation|Nursing Mothers))(?::|\s+and\s+\w+)?\s+(?=[A-Z])"
)
_TOPICS = frozenset(
    re.findall(
        r"\w+",
        """adjustment adjustments conversion discontinuation figure infusion initial injection intravenous
        maintenance missed modification modifications oral preparation premedication reconstitution regimen starting
        storage subcutaneous switching table tablets capsules titration warnings precautions contraindications
        preparing administering storing adults adult forms strengths carcinogenesis mutagenesis fertility labor
        delivery category patients intervention impact selection electrophysiology pharmacologic""",
    )
)
_GIVEN = re.compile(rf"\b(?:dos(?:e|es|ed|age|ing)|indicated|recommended|titrat\w*)\b|{AMOUNT.pattern}", re.IGNORECASE)

_PRESCRIBED = re.compile(
    r"\b(?:recommended|usual|starting|initial|maximum|adult|oral|the) (?:\w+ ){0,3}(?:doses?|dosages?)\b|\bindicated\b"
    rf"|{AMOUNT.pattern}(?:/\w+)* (?:\w+ )?(?:once|twice|daily|every|three|per)\b",
    re.IGNORECASE,
)


def heading(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The heading with which ``text[start:end]`` begins, run together or before a colon, without marks and numbers."""
    first = _skip(_MARKS, text, start, end)
    first = _skip(NUMBER, text, first, end)
    colon = _skip(_COLON, text, first, end)
    ends = [_skip(_GROUP_HEAD, text, first, end), first if _CLAUSE.search(text, first, colon) else colon]
    ends += [_skip_capitals(text, first, end), *_headed(text, first, end)]
    return next(((first, at) for at in ends if at > first), None)


def title(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The title of a part of a section in its first line ``text[start:end]``: a heading, or all of a short line."""
    first = _skip(NUMBER, text, _skip(_MARKS, text, start, end), end)
    if len(text[first:end].split()) <= TITLE_WORDS and not text[first:end].rstrip().endswith((".", ":", ";")):
        return (first, end) if first < end and not _CLAUSE.search(text, first, end) else None
    return heading(text, start, end) or _of_patients(text, first, end)


def _of_patients(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where no beginning of a sentence is known: the words with capitals but for the last, if they name patients."""
    places = [start]
    while len(places) < 16 and (match := _RUN.match(text, places[-1], end)):
        places.append(match.end())
    while len(places) > 3 and text[places[-3] : places[-2]].strip(" ,").casefold() in _JOINS | {"including"}:
        places.pop()
    return (start, places[-2]) if len(places) > 2 and names_patients(text[start : places[-2]]) else None


def names_patients(title: str) -> bool:
    """Whether a heading names patients of whom less is true than of all."""
    return any(named.search(title) for named, _ in _GROUPS)


def anew(text: str, start: int, end: int) -> bool:
    """Whether words that may be a heading begin a sentence, though it cannot be told where they end."""
    return _ANEW.match(text, start, end) is not None and not _BEGINS.match(text, start, end)


def binds(title: str, first: str) -> bool:
    """Whether more than the ``first`` sentence hangs on a heading: it names patients, or what a dose is for."""
    if _NO_TITLE.match(title):
        return False
    return names_patients(title) or bool(_SELECTED.match(title) or _PRESCRIBED.search(first))


def governs(title: str, said: str) -> bool:
    """Whether ``said`` under a heading holds only for the patients or, of a dose, the illness that it alone names."""
    groups = [said_as for named, said_as in _GROUPS if named.search(title)]
    if not groups:
        return _GIVEN.search(said) is not None and not _names(title, said)
    grades = {grade.casefold() for grade in _SEVERITY.findall(title)}
    graded = not grades or grades & {grade.casefold() for grade in _SEVERITY.findall(said)}
    return not graded or not (_OTHERS.search(said) or any(group.search(said) for group in groups))


def names_topic(title: str, question: str) -> bool:
    """Whether a question has one of the words that a title has of its own: the illness, the drug."""
    return bool(_own(title)) and _names(title, question)


def misses(title: str, said: str) -> bool:
    """Whether ``said`` has no word of what a title names, nor its initials."""
    own = _own(title) - _ILLS
    return bool(own) and not own & _stems(said) and not _short(title, said)


def _own(title: str) -> set[str]:
    """The stems of a title's words that not all labels have in titles, patients aside."""
    for family in _FAMILIES:
        title = family.sub(" ", title)
    own = {word.casefold() for word in _WORD.findall(_FRONT.sub("", title, count=1)) if len(word) > 2}
    return {word[:_STEM] for word in own - _COMMON - _JOINS - _TOPICS}


def _names(title: str, said: str) -> bool:
    """Whether ``said`` has a word of the title or its initials, or the title has no word of its own."""
    own = _own(title)
    return not own or bool(own & _stems(said)) or _short(title, said)


def _short(title: str, said: str) -> bool:
    """Whether ``said`` has the initials of a title."""
    initials = "".join(word[0] for word in _WORD.findall(title) if word not in _JOINS)
    return re.search(rf"\b{re.escape(initials)}\b", said) is not None


def _stems(said: str) -> set[str]:
    return {word.casefold()[:_STEM] for word in _WORD.findall(said)}


def _skip(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match and match.end() < end else start


def _skip_capitals(text: str, start: int, end: int) -> int:
    """Past an unnumbered heading: a section's own title, or capitals of two long words (one may be an abbreviation)."""
    known = _skip(_KNOWN, text, start, end)
    if known > start:
        return known
    match = _CAPITALS.match(text, start, end)
    return match.end() if match and len(re.findall(r"[A-Z]{4,}", match.group())) >= 2 else start
