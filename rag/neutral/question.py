"""A question without what must not matter: name, sex, origin, belief, work, insurance, and an adult's exact age; nor
must it matter whether a condition is written out.

What is searched and read is this text, so that two patients who differ in nothing else get the same answer (the test is
`citerx eval answers`, counterfactual fairness). A detail is told by where it stands: before or behind a word for a
person, between commas, dashes or parentheses, after "I am" or "patient is", in a clause of its own. Where it may
matter it stays (`rag.neutral.matters`): sex beside pregnancy, hormones or "women" as a group; origin beside genes and
ancestry; work beside exposure and alertness; ages below 25 and from 60; any clause with a medical word or a drug.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from corpora.vocabulary.people import words_of
from rag.asked.patient import populations_of
from rag.naming.abbreviations import written_out
from rag.naming.ingredients import word_set
from rag.neutral.clauses import without_clauses
from rag.neutral.idle import is_medical, words_in
from rag.neutral.matters import MEDICAL, Kept, kept_of
from rag.neutral.people import AGED, AGED_AFTER, CLINICIANS, PERSON, STANDING, YEARS, descent, kin, origins, work
from rag.neutral.pronouns import without_sex
from rag.neutral.whom import without_names


def neutral(question: str, drugs: frozenset[str] = frozenset()) -> str:
    """``question`` without such details; ``drugs``: words in lower case that are no names of people.

    >>> neutral("Mrs. Johnson, a 45-year-old Greek woman, takes digoxin. Is she at risk?")
    'The patient takes digoxin. Are they at risk?'
    >>> neutral("Can a woman of childbearing age take it?")
    'Can a woman of childbearing age take it?'
    """
    if not (drugs or MEDICAL.search(question)):
        return question
    question = written_out(question, drugs)
    text = _FIELD.sub(partial(_field, kept_of(question, drugs)), _ADDRESS.sub("", question))
    for _ in range(4):
        before = text
        for step in _steps(kept_of(text, drugs)):
            text = step(text)
        if text == before:
            break
        text = _cleaned(text)
        if _SUBJECTLESS.match(text) and not _SUBJECTLESS.match(question):
            text = f"Patient {text}"
    return question if _same(text, question) else text


_SUBJECTLESS = re.compile(r"(?:on|with|taking|newly|needs|wants|takes|has) ")


_ADDRESS = re.compile(
    r",? (?:of|at|from) \d{1,5}[A-Za-z]?(?: [A-Z][\w'’-]{2,}){1,3}?"
    r" (?:Street|Lane|Avenue|Road|Drive|Close|Court|Square|Boulevard|Place|Terrace|Crescent|Gardens)\b(?=[ ,;:?!.]|$)"
)
"""Where somebody lives, by number and street."""


_FIELD = re.compile(
    r"(?i)(?:^|(?<=[.;\n] )|(?<=\n))(?:name|(?:dob|born)(?=:? 19[789]\d[.;\n])"
    r"|address|language|religion|faith|ethnicity|race|nationality"
    r"|occupation|job|insurance|payer|housing|marital status|pronouns)(?:: ?| (?=\d))"
    r"(?P<value>(?:[^.;\n]|(?<=\b[A-Z])\.)+)(?:[.;\n]+\s*|$)"
)
"""A field of a form that says who it is: "Religion: none.", "DOB 1978."."""


def _field(kept: Kept, found: re.Match[str]) -> str:
    words = (word.text.casefold() for word in words_in(kept, found["value"]) if word.weight == "kept")
    matters = kept.origin or kept.belief or kept.work or kept.cover
    return found.group() if matters or any(word in kept.drugs or is_medical(word) for word in words) else ""


def _same(text: str, question: str) -> bool:
    return "".join(text.split()) == "".join(question.split())


def _steps(kept: Kept) -> tuple[Callable[[str], str], ...]:
    """The steps in order, each from text to text."""
    return (
        partial(without_names, drugs=kept.drugs),
        partial(without_clauses, kept),
        partial(_without_descent, kept),
        partial(_persons, kept),
        *(() if kept.sex else (without_sex,)),
    )


def _without_descent(kept: Kept, text: str) -> str:
    return text if kept.origin or kept.belief else descent().sub("", text)


_ANY_KIN = "|".join(sorted(kin(), key=len, reverse=True))
_GAP = r"(?:(?!(?:and|or|on|in|of|to|for|with|the|an?|by|at|is|was|dose|doses)\b)[a-z]+(?:-[a-z]+)*,? ){0,2}?"


@cache
def _aged() -> tuple[re.Pattern[str], ...]:
    nouns = rf"(?:{PERSON}|adult|{CLINICIANS}|{work()})"
    return (
        re.compile(rf"(?i)(?<=\bat )(?:the |an )?age(?: of)? {YEARS}\b"),
        re.compile(rf"(?i)\b(?:age|aged): ?{YEARS}\b"),
        re.compile(
            rf"\b(?:[MF]/{YEARS}|{YEARS}/[MF])(?:/(?i:{origins()}|{work()}))*(?![\w/])"
            rf"|\b{YEARS} ?(?:y/?o\.?|yo)? (?:AA|[WBHAL])(?: ?[MF]\b| (?:fe)?male\b)"
        ),
        # "54M", "45yo F", "F 47", "M/54", "Pt 47,"
        re.compile(rf"\b{YEARS}\s?(?:y(?:rs?)?\.?/?o?\.?\s?|[-/])?(?:[MF]|W)(?:ale|emale)?\b(?![\w:])"),
        re.compile(rf"(?i)\b{YEARS} ?y/?o [mf]\b"),
        re.compile(
            rf"\b(?:[MF]|[Mm]ale|[Ff]emale|[Pp]t|[Pp]atient|[Mm]an|[Ww]oman)[ /,-]? ?{YEARS}(?:{AGED})?\b"
            r"(?= ?[,;:.)]| -| on\b| with\b|$)(?! ?(?:mg|kg|%))(?:,(?= (?:is|was|has|had|takes?|took|started|who"
            r"|wants?|ate|got|needs|drinks|smokes|asks)\b))?"
        ),
        re.compile(rf"(?i)\b(?:an? |the )?(?:{nouns}|{_ANY_KIN})(?:{AGED_AFTER}| \({YEARS}\))"),
        re.compile(rf"(?i)\b{AGED}(?:,? {nouns}(?![-'’\w]))|(?<=\ba ){AGED},? (?:mother|father|mom|mum|dad|parent)\b"),
        re.compile(rf"(?i)\b{AGED}(?! (?:child|boy|girl|infant))"),
    )


_BEHIND = (
    r"(?=[?.,;:)!]|$| [-–—(]| (?:on|with|who|whose|in|at|is|was|has|had|and|can|from|after|since|for"
    r"|taking|using|patient|[a-z]+(?:s|ed)|ran|took|got|be|have|take|start|need|asking|wanting|report|stop"
    r"|see|develop)\b)(?! and \w+[?])"
)
"""What may follow a person, so that "the bartender algorithm" is none."""


@cache
def _noun(kept_work: bool, kept_sex: bool, kept_origin: bool, kept_belief: bool) -> re.Pattern[str]:
    nouns = (
        (
            "patient|pt|person|individual|neighbou?r|colleague|co-?worker|friend|client|customer|roommate"
            "|flatmate|housemate"
        )
        if kept_sex
        else PERSON
    )
    working = "" if kept_work else rf"|{work()}\b{_BEHIND}"
    working += "" if kept_sex else rf"|(?<=\ba ){STANDING}\b{_BEHIND}"
    if not kept_origin:
        does = "on|with|who|takes|taking|has|had|needs|wants|was|asks"
        working += rf"|(?:(?<=\ba )|(?<=\ban )){origins(beliefs=not kept_belief)}\b(?=[,;:)?]| (?:{does})\b)"
    return re.compile(
        r"(?i)\b(?P<article>the(?= (?:lady|gentleman|man|woman|guy)\b)|an?|my|our|the|his|her|their|this|that|one"
        rf"|another|some) (?P<gap>{_GAP})(?P<noun>"
        rf"(?:{nouns})\b{working})(?!['’]s|[-/\w])(?! (?:or|and) (?:an? )?(?:wo)?man\b| (?:count|population"
        r"|group|leaflet|information|safety|care))"
    )


_CLINICIAN = re.compile(
    rf"(?i)\b(?P<before>(?:in|for|am|['’]m|is|as) an? |^an? )(?:\w+ )?{CLINICIANS}\b(?=[?.,;:]|$| on\b"
    r"| taking\b| with\b| who\b| takes\b)"
)


def _persons(kept: Kept, text: str) -> str:
    """Persons by one word: a patient, an adult, and kin without sex."""
    if not kept.sex:
        text = re.sub(r"(?i)\b(?:sex|gender): ?(?:[mf]|(?:fe)?male)\b[.,;]?", "", text)
    for pattern in () if kept.age else _aged():
        text = pattern.sub(_adult, text)
    if not kept.work:
        text = _CLINICIAN.sub(r"\g<before>patient", text)
    text = re.sub(r"(?i)\b(?:someone|somebody)(?= (?:on|with|who|taking|whose|in|from|like)\b)", "a patient", text)
    text = _noun(kept.work, kept.sex, kept.origin, kept.belief).sub(_patient, text)
    if kept.sex:
        return text
    text = _bare(kept.work).sub(
        lambda found: f"{found['gap'][:1].upper()}{found['gap'][1:]}{'patient' if found['gap'] else 'Patient'}", text
    )
    text = re.sub(r"(?i)\bbaby (?:boy|girl)\b", "baby", text)
    text = re.sub(
        r"\b([BbGg])(?:oy|irl)\b(?!['’]s|-|\s?friend)", lambda found: "Child" if found[1].isupper() else "child", text
    )
    text = _BARE_KIN.sub(lambda found: "My " + found["kin"], text)
    text = _of_kin().sub(r"\g<article> relative", _kin().sub(_kinless, text))
    return _owner().sub(lambda found: _owns(kept.drugs, found), text)


@cache
def _owner() -> re.Pattern[str]:
    return re.compile(rf"(?i)\b(?P<article>an?|my|our|the) (?:{PERSON}|{work()})(?=['’]s (?P<what>[\w-]+))")


def _owns(drugs: frozenset[str], found: re.Match[str]) -> str:
    what = found["what"].casefold()
    return f"{found['article']} patient" if what in _TAKEN or what in drugs else found.group()


_TAKEN = word_set(
    """insulin dose doses drip infusion inhaler pen patch tablet tablets pill pills prescription prescriptions level
    levels inr medication medicine medicines"""
)
"""What may be a patient's beside drugs: "a painter's insulin", not "a painter's colic"."""


def _adult(found: re.Match[str]) -> str:
    said, before = found.group(), found.string[: found.start()].rstrip()
    article = re.match(r"(?i)(?:an?|the) ", said)
    one = ("the adult" if said[:1] in "tT" else "an adult") if article else "adult"
    return one.capitalize() if not before or before[-1] in ".!?" else one


_FRIENDS = re.compile(r"(?i)(?:neighbou?r|friend|roommate|flatmate|housemate|lodger)")
"""Who is someone's, as kin is."""


def _patient(found: re.Match[str]) -> str:
    if found["noun"].isupper() and len(found["noun"]) > 2:
        return found.group()
    noun = found["noun"].split()
    own = found["noun"].casefold() in words_of("work")
    kept_words = " ".join(noun[:-1]) + " " if len(noun) > 1 and not own and MEDICAL.search(" ".join(noun[:-1])) else ""
    near = _FRIENDS.fullmatch(found["noun"]) and found["article"].casefold() in {"my", "our", "his", "her", "their"}
    return f"{found['article']} {found['gap']}{kept_words}{'relative' if near else 'patient'}"


@cache
def _bare(kept_work: bool) -> re.Pattern[str]:
    working = "(?!)" if kept_work else work()
    told = r"on|with|who|whose|in|at|is|was|has|had|from|after|since|taking|using|says|wants|takes|asks|took|got"
    return re.compile(
        rf"(?i)(?:(?<=^)|(?<=[.!?] ))(?P<gap>{_GAP[:-1]})"
        r"(?:(?:man|woman|lady|gentleman|male|female|guy|gent|bloke|person)"
        rf"(?=,? (?:{told}|[a-z]+(?:s|ed))\b)|{working}(?=,? (?:{told})\b))"
    )


_BARE_KIN = re.compile(
    rf"(?:(?<=^)|(?<=[.!?] ))(?P<kin>(?i:{_ANY_KIN}))(?=['’]s\b| (?:on|with|is|was|has|had|takes|took|got|just|started"
    r"|can|needs|wants|keeps|forgot|takes|uses|of mine)\b)"
)


@cache
def _kin() -> re.Pattern[str]:
    return re.compile(
        r"(?i)\b(?P<article>my|our|his|her|their|your|whose|the(?= \w+ (?:of|was|is|has) )"
        r"|the(?= (?:son|daughter|wife|husband|brother|sister|uncle|aunt|cousin|nephew|niece)\b)"
        r"|an?(?= (?:[a-z-]+ )?(?:mother|father|parent|mum|mom|dad|husband|wife) "
        r"(?:on|with|takes|taking|has|who|is|and)\b)) "
        r"(?P<gap>(?:(?!(?:and|or|on"
        rf"|of)\b)[\w-]+ )?)(?P<kin>{_ANY_KIN})(?P<of>['’]s)?\b"
    )


@cache
def _of_kin() -> re.Pattern[str]:
    """Kin of somebody: "my landlady's sister", "the Smiths' son-in-law"."""
    return re.compile(
        rf"(?i)(?:\b(?P<article>my|our|his|her|their|your|an?|the) (?:{PERSON}|relative|{work()}|(?-i:[A-Z][a-z]+))"
        rf"['’]s? (?:[a-z-]+ )?(?:relative|{_ANY_KIN})\b(?!['’]))"
    )


def _kinless(found: re.Match[str]) -> str:
    plain = kin()[found["kin"].lower()]
    if plain == "child" and "child" not in {one.name for one in populations_of(found.string)}:
        plain = "offspring"
    if plain not in {"child", "offspring", "stepchild", "grandchild"}:
        plain = "relative"
    if found["article"].lower() in {"a", "an"} and plain == "relative":
        plain = "patient"
    return f"{found['article']} {found['gap']}{plain}{found['of'] or ''}"


def _titled(found: re.Match[str]) -> str:
    """A work with a capital before a name that is already gone: "Judge the patient"."""
    return "the patient" if found[1].casefold() in words_of("work") else found.group()


_TIDY = tuple(
    (re.compile(pattern), left)
    for pattern, left in (
        (r"\b([Aa])dult (?:adult|patient)\b", r"\1dult"),
        (r"\b([Pp])atient (?:patient|adult)\b", r"\1atient"),
        (
            r"\b(patient|adult|partner|sibling|parent|relative|offspring|grandparent|child),? the patient\b(?!['’])",
            r"\1",
        ),
        (r"\b([Aa]) (?=adult\b)", r"\1n "),
        (r"\b([Aa])n (?=patient|partner|parent|sibling|relative|grandparent|child)", r"\1 "),
        (r"\(\s*[,;]?\s*\)", ""),
        (r" [-–—] ?(?=[.?!;,])", ""),
        (r"\s+", " "),
        (r"(^|[.?!]) \.(?= |$)", r"\1"),
        (r" (?=[,.;:?!)](?: |$))|^ | $", ""),
        (r",(?: ?,)+", ","),
        (r"([,;:])(?=[.?!])", ""),
        (r"^(?:[,.;:)] ?|[-–—] )+", ""),
        (r"(?i)\b(patient|relative|adult), (?:an?|the) (?:patient|adult)\b(?=,)", r"\1"),
        (r"^Patient, adult\b", "Adult"),
        (r"(?:^|(?<=[.?!] ))(?:(?:The )?[Pp]atient|They)(?: (?:is|are) an? (?:patient|adult))?\.(?: |$)", ""),
        (r"(?i)\b(patient|relative|adult), (?=(?:has|was|takes|took|had)\b)", r"\1 "),
        (r"^(?:[Tt]he )?([Pp]atient|[Aa]dult), (?=(?:on|with|taking|newly|needs|started|just|now)\b)", r"\1 "),
    )
)
"""Spaces, articles and commas after what went, and a person told twice; what is left for each."""


def _cleaned(text: str) -> str:
    for pattern, left in _TIDY:
        text = pattern.sub(left, text)
    text = re.sub(r"\b([A-Z][a-z]+) [Tt]he patient\b", _titled, text).rstrip()
    first = r"(^|[.?!] )(a|an|the|they|their|are|my|our|patient|adult)\b"
    return re.sub(first, lambda found: found[1] + found[2].capitalize(), text)
