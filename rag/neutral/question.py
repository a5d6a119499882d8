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

from rag.asked.patient import populations_of
from rag.naming.abbreviations import written_out
from rag.neutral.clauses import without_clauses, without_fields
from rag.neutral.matters import MEDICAL, Kept, adjectives, kept_of
from rag.neutral.people import AGED, AGED_AFTER, CLINICIANS, PERSON, SEX, YEARS, country, kin, origins, work
from rag.neutral.pronouns import without_sex
from rag.neutral.whom import without_names


def neutral(question: str, drugs: frozenset[str] = frozenset()) -> str:
    """``question`` without such details; ``drugs``: words in lower case that are no names of people.

    >>> neutral("Mrs. Johnson, a 45-year-old Greek woman, takes digoxin. Is she at risk?")
    'The patient takes digoxin. Are they at risk?'
    >>> neutral("Can a woman of childbearing age take it?")
    'Can a woman of childbearing age take it?'
    """
    kept = kept_of(question, drugs)
    if not (drugs or MEDICAL.search(question)):
        return question
    text = question = written_out(question, drugs)
    for _ in range(4):
        before = text
        for step in _steps(kept):
            text = step(text)
        if text == before:
            break
        text = _cleaned(text)
    return question if _same(text, question) else text


def _same(text: str, question: str) -> bool:
    return "".join(text.split()) == "".join(question.split())


def _steps(kept: Kept) -> tuple[Callable[[str], str], ...]:
    """The steps in order, each from text to text."""
    return (
        partial(without_fields, kept),
        partial(without_names, drugs=kept.drugs),
        partial(without_clauses, kept),
        partial(_without_traits, kept),
        partial(_persons, kept),
        partial(_without_predicates, kept),
        partial(_without_items, kept),
        *(() if kept.sex else (without_sex,)),
    )


_GAP = r"(?:(?!(?:and|or|on|in|of|to|for|with|the|an?|by|at|is|was|dose|doses)\b)[a-z]+(?:-[a-z]+)*,? ){0,2}?"


@cache
def _adjective_before(adjectives: str) -> re.Pattern[str]:
    nouns = "|".join((PERSON, "adult", *kin(), CLINICIANS, work(), AGED))
    aged = AGED
    return re.compile(
        r"(?i)(?:(?<=\ba )|(?<=\ban )|(?<=\bmy )|(?<=\bour )|(?<=\bthe )|(?<=\bthis )|(?<=\bfor )|(?<=\bin )|"
        r"(?<=\bis )|(?<=\bas )|(?<=^)|(?<=[.!?,] )|(?<=old )|(?<=old, )|(?<=\by )|(?<=/o )|(?<=yo )|"
        r"(?<=aged )|(?<=\bhis )|(?<=\bher )|(?<=\btheir )|(?<=\w-something ))"
        rf"(?:(?:{adjectives})\b,? (?:and )?)+(?={_GAP}(?:{nouns})\b(?! (?:count|blood|cell|dose|measles"
        r"|encephalitis)))"
        rf"|\b(?:{adjectives})\b,? (?=(?:{aged}) )"
    )


@cache
def _people_before(*, beliefs: bool) -> re.Pattern[str]:
    return re.compile(rf"(?i)\b{origins(beliefs=beliefs)} (?=(?:{PERSON}|{work()})\b)")


def _without_traits(kept: Kept, text: str) -> str:
    """Adjectives before a person: "a married Turkish diabetic man" keeps "a diabetic man"."""
    text = _adjective_before(adjectives(kept)).sub("", text)
    if not kept.origin:
        text = _people_before(beliefs=not kept.belief).sub("", text)
    if not kept.sex and not kept.age:
        text = re.sub(rf"(?i)\b({AGED}),? (?:{SEX})\b(?=[ ,.;:?])", r"\1", text)
    if not kept.origin:
        text = re.sub(
            rf"(?i),? (?:of|with) (?:an? )?(?:{origins()})(?:[ /-](?:and )?(?:{origins()}))? (?:descent|origin"
            r"|heritage|background|roots|extraction|parentage|ethnicity|nationality)\b",
            "",
            text,
        )
        text = re.sub(
            rf"(?i)(?P<who>\b(?:{PERSON}|{'|'.join(kin())})) (?:(?:originally|who (?:is|comes?|came)) )?(?:from"
            rf"|born in) (?:(?:rural|urban|northern|southern|eastern|western|central) )?(?:{country()})\b",
            lambda found: found["who"],
            text,
        )
    return text


@cache
def _aged() -> tuple[re.Pattern[str], ...]:
    nouns = rf"(?:{PERSON}|adult|{CLINICIANS}|{work()})"
    return (
        # "54M", "45yo F", "F 47", "M/54", "Pt 47,"
        re.compile(rf"\b{YEARS}\s?(?:y(?:rs?)?\.?/?o?\.?\s?|[-/])?(?:[MF]|W)(?:ale|emale)?\b(?![\w:])"),
        re.compile(
            rf"\b(?:[MF]|[Mm]ale|[Ff]emale|[Pp]t|[Pp]atient|[Mm]an|[Ww]oman)[ /,-]? ?{YEARS}(?:{AGED})?\b"
            r"(?= ?[,;:.)]| -| on\b| with\b|$)(?! ?(?:mg|kg|%))(?:,(?= (?:is|was|has|had|takes?|took|started|who"
            r"|wants?|ate|got|needs|drinks|smokes|asks)\b))?"
        ),
        re.compile(rf"(?i)\b(?:an? |the )?(?:{nouns}){AGED_AFTER}"),
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
def _noun(kept_work: bool, kept_sex: bool) -> re.Pattern[str]:
    nouns = (
        (
            "patient|pt|person|individual|neighbou?r|colleague|co-?worker|friend|client|customer|roommate"
            "|flatmate|housemate"
        )
        if kept_sex
        else PERSON
    )
    working = "" if kept_work else rf"|{work()}\b{_BEHIND}"
    return re.compile(
        rf"(?i)\b(?P<article>an?|my|our|the|his|her|their|this|that|one|another|some) (?P<gap>{_GAP})(?P<noun>"
        rf"(?:{nouns})\b{working})(?!['’]s|[-/\w])(?! (?:or|and) (?:an? )?(?:wo)?man\b| (?:count|population"
        r"|group|leaflet|information|safety|care))"
    )


_CLINICIAN = re.compile(
    rf"(?i)\b(?P<before>(?:in|for|am|['’]m|is|as) an? |^an? )(?:\w+ )?{CLINICIANS}\b(?=[?.,;:]|$| on\b"
    r"| taking\b| with\b| who\b| takes\b)"
)


def _persons(kept: Kept, text: str) -> str:
    """Persons by one word: a patient, an adult, and kin without sex."""
    for pattern in () if kept.age else _aged():
        text = pattern.sub(_adult, text)
    if not kept.work:
        text = _CLINICIAN.sub(r"\g<before>patient", text)
    text = _noun(kept.work, kept.sex).sub(_patient, text)
    if kept.sex:
        return text
    text = _BARE.sub(
        lambda found: f"{found['gap'][:1].upper()}{found['gap'][1:]}{'patient' if found['gap'] else 'Patient'}", text
    )
    text = re.sub(r"(?i)\bbaby (?:boy|girl)\b", "baby", text)
    text = re.sub(
        r"\b([BbGg])(?:oy|irl)\b(?!['’]s|-|\s?friend)", lambda found: "Child" if found[1].isupper() else "child", text
    )
    text = _BARE_KIN.sub(lambda found: "My " + kin()[found["kin"].lower()], text)
    return _kin().sub(_kinless, text)


def _adult(found: re.Match[str]) -> str:
    said, before = found.group(), found.string[: found.start()].rstrip()
    article = re.match(r"(?i)(?:an?|the) ", said)
    one = ("the adult" if said[:1] in "tT" else "an adult") if article else "adult"
    return one.capitalize() if not before or before[-1] in ".!?" else one


def _patient(found: re.Match[str]) -> str:
    if found["noun"].isupper() and len(found["noun"]) > 2:
        return found.group()
    noun = found["noun"].split()
    kept_words = " ".join(noun[:-1]) + " " if len(noun) > 1 and MEDICAL.search(" ".join(noun[:-1])) else ""
    return f"{found['article']} {found['gap']}{kept_words}patient"


_BARE = re.compile(
    rf"(?:(?<=^)|(?<=[.!?] ))(?P<gap>{_GAP[:-1]})(?i:man|woman|lady|gentleman|male|female|guy|gent|bloke)"
    r"(?=,? (?:on|with|who|whose|in|at|is|was|has|had|from|after|since|taking|using|says|[a-z]+(?:s|ed)"
    r"|took|got)\b)",
    re.IGNORECASE,
)
_BARE_KIN = re.compile(
    r"(?:(?<=^)|(?<=[.!?] ))(?P<kin>(?i:husband|wife|hubby|mom|mum|dad|mother|father|grandma|grandpa"
    r"|granny|grandad))(?=['’]s\b| (?:on|with|is|was|has|had|takes|took|got|just|started|can|needs|wants"
    r"|keeps|forgot|takes|uses|of mine)\b)"
)


@cache
def _kin() -> re.Pattern[str]:
    words = "|".join(sorted(kin(), key=len, reverse=True))
    return re.compile(
        r"(?i)\b(?P<article>my|our|his|her|their|your|whose|an?(?= (?:[a-z-]+ )?(?:mother|father|parent|mum"
        r"|mom|dad|husband|wife) (?:on|with|takes|taking|has|who|is|and)\b)) (?P<gap>(?:(?!(?:and|or|on"
        rf"|of)\b)[\w-]+ )?)(?P<kin>{words})(?P<of>['’]s)?\b"
    )


def _kinless(found: re.Match[str]) -> str:
    plain = kin()[found["kin"].lower()]
    if plain == "child" and "child" not in {one.name for one in populations_of(found.string)}:
        plain = "offspring"
    if found["article"].lower() in {"a", "an"} and plain in {"partner", "parent", "sibling", "relative"}:
        plain = "patient"
    return f"{found['article']} {found['gap']}{plain}{found['of'] or ''}"


_SUBJECT = (
    r"(?:(?:I|i)(?: am|['’]?m)|(?:he|she|they|(?:the |my |our |this )?(?:patient|pt)|(?:my |the )\w+)"
    r"(?: is|['’]s| are|['’]re))"
)
_TURNED = re.compile(
    r"(?i)(?P<start>^|[,.;:!?(–—-] ?)(?:and )?(?:I|he|she|they|who|the patient|my \w+) (?:have |has |had "
    rf"|['’]ve )?(?:just |recently )?(?:turned|am turning|is turning) {YEARS}(?: (?:last|this|in|on|a) \w+"
    r"(?: ago)?)?(?P<end>,? (?:and|so) |[,.;:!?)] ?|$)"
)


@cache
def _predicate(adjectives: str, sexed: bool, aged: bool) -> re.Pattern[str]:
    ages = "" if aged else rf"|{AGED}|{YEARS}(?: years?(?: of age| old)?)?|in (?:his|her|their|my) {_decades()}"
    one = (
        rf"(?:(?:an? )?(?:{adjectives}{ages}|(?:an )?adult|a patient{'' if sexed else '|an? (?:man|woman)'})\b"
        r"(?! (?:mg|kg|ml|weeks?|days?|months?|patient|adult)))"
    )
    return re.compile(
        r"(?i)(?P<before>^|[.!?,;:(–—-] ?|[,.;] (?:and|but) |\b(?:that|because|since|as|if|when|although"
        rf"|and) )(?P<subject>{_SUBJECT}) (?P<said>{one}(?:(?:, and |, | and |/){one})*)(?P<after>,? and |,? "
        r"|[.;:!?)]|$)(?P<next>\S*)"
    )


def _decades() -> str:
    return r"(?:early |mid-?|late |middle )?(?:[2-5]0s|twenties|thirties|forties|fifties|years)"


def _without_predicates(kept: Kept, text: str) -> str:
    """ "I turned 36", "I'm Turkish", "patient is male, 49."""
    text = (
        text
        if kept.age
        else _TURNED.sub(lambda found: found["start"] + (found["end"] if found["end"][:1] in ".!?" else ""), text)
    )
    return _predicate(adjectives(kept), kept.sex, kept.age).sub(_predicated, text)


_OPENERS = re.compile(
    r"(?i)(?:can|could|should|is|are|does|do|did|will|would|what|how|may|might|must|why|when|which|who|and"
    r"|but|so|i|he|she|they|my|the|it|his|her|their)\b"
)


def _predicated(found: re.Match[str]) -> str:
    before, after, following = found["before"], found["after"], found["next"]
    opened = re.fullmatch(r"(?i)(?:that|because|since|as|if|when|although|and) ", before) is not None
    if opened:
        one = "an adult" if re.search(r"\d|adult", found["said"]) else "a patient"
        return f"{before}{found['subject']} {one}{after}{following}"
    if after.strip() in {".", ";", "!", "?", ")", ":"} or not (after + following):
        return (
            before
            + ("" if after.strip() in {".", ";", "!", "?"} and before.strip() in {"", ".", "!", "?"} else after)
            + following
        )
    if after.strip() == "," and _OPENERS.match(following):
        return before + following
    if after == " " and not re.match(
        r"(?i)(?:on|with|taking|in|at|for|who|having|under|just|now|since|after|but|and)\b", following
    ):
        return found.group()
    if "and" in after and re.match(
        r"(?i)(?:take|takes|have|has|use|uses|need|needs|want|wants|got|was|am|is|started|had|drink|smoke|my|i"
        r"|can|been|on\b)",
        following,
    ):
        if _OPENERS.match(following):
            return before + following
        subject = re.sub(r"(?i)( am| is| are|['’]?m|['’]s|['’]re)$", "", found["subject"])
        return f"{before}{found['subject'] if following.lower() == 'on' else subject} {following}"
    return f"{before}{found['subject']} {following}"


@cache
def _items(adjectives: str, aged: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    person = (
        rf"(?:an? |the )?(?:{adjectives}|adult(?: patient)?|patient{'' if aged else f'|{AGED}|M|F'}|{work()}"
        r"|by (?:birth|trade|profession|faith|religion))"
    )
    item = (
        rf"(?:(?:{person})(?:(?: |, |/| and )"
        rf"(?:{person}))*{'' if aged else f'(?:,? (?:aged? )?{YEARS}(?: years?)?)?'})"
    )
    first = re.compile(rf"(?i)^(?!an? |the ){item}(?=[,:;] | [-–—] )")
    inner = re.compile(rf"(?i)(?P<open>, | [-–—] |\(){item}(?P<close>(?=[.;:!?])|,(?! (?:or|and) )| [-–—](?= )|\)|$)")
    return first, inner


_PERSON_BEFORE = re.compile(
    r"(?i)\b(?:(?:my|our|the|his|her|their) \w+|patient|adult|partner|sibling|parent|relative|grandparent"
    r"|child|who|inpatient|outpatient|smoker|user|sufferer)$"
)


def _without_items(kept: Kept, text: str) -> str:
    """What stands alone between commas, dashes, parentheses: ", Sri Lankan, 31, is", "Married, 46, on"."""
    first, inner = _items(adjectives(kept), kept.age)

    def cut(found: re.Match[str]) -> str:
        opened, closed = found["open"].strip(), found["close"].strip()
        if opened == "," and re.search(rf"(?i)\b(?:{adjectives(kept)})$", text[: found.start()]):
            return found.group()
        if opened == "," and closed == ",":
            return "" if _PERSON_BEFORE.search(text[: found.start()]) else ","
        if opened == "(":
            return "" if closed == ")" else "("
        return found["open"].rstrip() if closed == "," else ""

    text = first.sub(
        lambda found: "Adult" if re.search(rf"(?i)\b(?:{YEARS}|adult)\b", found.group()) else "Patient", text
    )
    text = (
        text
        if kept.age
        else re.sub(
            rf"(?i)(\b(?:patient|adult|partner|sibling|parent|relative)), {YEARS},(?! (?:and|or) )", r"\1", text
        )
    )
    return inner.sub(cut, text)


def _cleaned(text: str) -> str:
    """Spaces, articles and commas after what went."""
    text = re.sub(r"\b([Aa])dult (?:adult|patient)\b", r"\1dult", text)
    text = re.sub(r"\b([Pp])atient (?:patient|adult)\b", r"\1atient", text)
    text = re.sub(
        r"\b(patient|adult|partner|sibling|parent|relative|offspring|grandparent|child),? the patient\b"
        r"(?!['’])",
        r"\1",
        text,
    )
    text = re.sub(r"\b([Aa]) (?=adult\b)", r"\1n ", text)
    text = re.sub(r"\b([Aa])n (?=patient|partner|parent|sibling|relative|grandparent|child)", r"\1 ", text)
    text = re.sub(r"\(\s*[,;]?\s*\)", "", text)
    text = re.sub(r" [-–—] ?(?=[.?!;,])", "", text)
    text = re.sub(r"\s+(?=[,.;:?!)](?:\s|$))", "", " ".join(text.split()))
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r"([,;:])(?=[.?!])", "", text)
    text = re.sub(r"^(?:[,.;:)]\s*|[-–—] )+", "", text)
    return re.sub(r"(^|[.?!] )(a|an|the|they|their|are|my|our)\b", lambda found: found[1] + found[2].capitalize(), text)
