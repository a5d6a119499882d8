"""Patterns for what a text tells of a person: who, how old, of which sex, people, belief, work and standing.

Lists are those of classes that are closed or collected elsewhere (`corpora.vocabulary.people`); the rest is told by
where it stands (`rag.neutral.question`).
"""

from __future__ import annotations

import re
from functools import cache

from corpora.vocabulary.people import Kind, words_of

_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TENS = r"(?:twenty|thirty|forty|fourty|fifty)"
YEARS = r"(?:2[5-9]|[345]\d)(?![\d.,/%]*\d|%)"
"""An age in figures from 25 to 59: warnings of suicide end at 24, of tendons begin at 60."""
_WORDED = rf"(?:twenty[- ](?:five|six|seven|eight|nine)|(?:thirty|forty|fourty|fifty)(?:[- ](?:{_UNITS}))?)"
_OLD = r"(?:[- ]?(?:years?|yrs?|y)[- ]?(?:old|/?o)|[- ]?y\.?/?o(?:\.(?= [a-z]))?)(?!\w)"
AGED = (
    rf"(?:(?:{YEARS}|{_WORDED}){_OLD}|{YEARS}\s?y(?:rs?|ears?)?\b(?! (?:of|later|after|ago|on\b|post|in))"
    rf"|{_TENS}[- ]?something|[2-5]0-?something|middle[- ]aged|(?:early|mid|late)-(?:{_TENS[3:-1]}))"
)
"""An age that describes: "45-year-old", "52 y", "forty-something"."""
_DECADE = r"(?:'?[2-5]0['’]?s|twenties|thirties|forties|fifties)"
AGED_AFTER = (
    rf"(?:(?:,? (?:who is |who's )?(?:of|aged|age)) (?:{YEARS}|{_WORDED})\b(?! ?(?:years? of|m[gl]|mcg"
    r"|g|%|kg|days?|weeks?|months?))(?: years?\b)?(?: of age\b)?"
    r"|,? (?:who is |who's )?in (?:his|her|their|my|the|your)(?: (?:very )?(?:early|mid|middle"
    r"|late)(?:[- ]to[- ](?:mid|late))?[- ]?|[- ])"
    rf"(?:{_DECADE}|(?:60s|sixties)(?<=y 60s)|years|age)\b"
    rf"|,? in (?:his|her|their|my) (?:{_DECADE}|middle (?:years|age))\b)"
)
"""An age behind a person: "of 38", "in his late forties"."""

SEX = (
    r"(?:male|female|non-?binary|transgender(?:ed)?|trans|cis(?:gender)?|gender-?(?:fluid|queer"
    r"|neutral)|agender|masculine|feminine)"
)
STANDING = (
    r"(?:(?:un|newly |recently |happily |never )?-?married|re-?married|divorced|widowed|single"
    r"|separated|engaged|partnered|homeless|unhoused|housed|retired|(?:self-|un|under"
    r"|part-time )?employed"
    r"|(?:un|under|privately |publicly |well-|fully )?-?insured|wealthy|rich|poor|affluent|(?:low"
    r"|middle|high)[- ]income|(?:working|middle|upper|lower)[- ]class|well-off|gay|lesbian|bisexual"
    r"|queer|pansexual"
    r"|asexual|straight|heterosexual|homosexual|hetero|stay-at-home|jobless|undocumented|unemployed"
    r"|childless|devout|observant|lapsed|practi[cs]ing|illiterate|(?:college|university|highly|well)-educated"
    r"|newlywed|foreign-born|native-born|(?:first|second)-generation|bankrupt|out of work|between jobs"
    r"|laid off|incarcerated|imprisoned|jailed|tenured|freelance|off-duty|working)"
)
PERSON = (
    r"(?:patient|pt|person|individual|man|woman|male|female|guy|gent|gentleman|lady|bloke|lad|chap"
    r"|dude|neighbou?r|colleague|co-?worker|friend|client|customer|boss"
    r"|roommate|flatmate|housemate|lodger|spinster)"
)
KIN = {
    "partner": "husband|wife|spouse|partner|boyfriend|girlfriend|fiancé|fiancée|fiance|fiancee|hubby|missus",
    "ex-partner": "ex-husband|ex-wife|ex-boyfriend|ex-girlfriend|ex-partner",
    "stepchild": "stepson|stepdaughter|stepchild",
    "sibling": "brother|sister|sibling|bro|sis|stepbrother|stepsister|half-brother|half-sister",
    "parent": "mother|father|mom|mum|dad|mama|papa|mommy|mummy|daddy|parent|stepmother|stepfather|stepmom|stepdad"
    "|godmother|godfather",
    "parent-in-law": "mother-in-law|father-in-law",
    "sibling-in-law": "brother-in-law|sister-in-law",
    "offspring-in-law": "son-in-law|daughter-in-law",
    "relative": "uncle|aunt|auntie|aunty|cousin|nephew|niece|relative",
    "grandparent": "grandmother|grandfather|grandma|grandpa|granny|grandad|granddad|gran|nana|grandparent",
    "child": "son|daughter|offspring",
    "grandchild": "grandson|granddaughter",
}
"""Kin by words that tell no sex."""
CLINICIANS = r"(?:nurse|doctor|physician|pharmacist|surgeon|dentist|vet|veterinarian|therapist|paramedic|midwife)"
_MODIFIER = (
    r"(?!(?:an?|the|and|or|on|in|of|for|to|with|by|my|our|is|was|drug|shift|health|healthcare|care|sex"
    r"|[\w-]*(?:ic|ive|ous|ant|ent|ed|ing|tic|oid|user|er))\b)(?-i:[a-z][a-z-]+) "
)


HYPHENED = r"[ -](?:american|african|asian|canadian|british|australian|born|speaking|origin)"
"""What follows a people: "Lebanese-American", "Danish-speaking"."""


def _alternatives(kind: Kind) -> str:
    return "|".join(re.escape(word) for word in words_of(kind))


@cache
def origins(*, beliefs: bool = True) -> str:
    """A people, a country's people or, where ``beliefs``, a belief."""
    peoples = f"(?:{_alternatives('people')})"
    faiths = _alternatives("faith") if beliefs else "(?!)"
    return (
        rf"(?:(?:{peoples}|{faiths})(?:{HYPHENED})?"
        rf"|{_alternatives('country')}-born)"
    )


@cache
def work() -> str:
    """An occupation, with a word before it that says of what: "truck driver"."""
    return rf"(?:(?:{_MODIFIER})?(?:{_alternatives('work')}))"


@cache
def country() -> str:
    """The name of a country or a region."""
    return rf"(?:the )?(?:{_alternatives('country')})"


@cache
def descent() -> re.Pattern[str]:
    """A language that somebody speaks and the people that somebody comes from, wherever they stand."""
    tongue, one = f"(?:{_alternatives('people')})", origins()
    return re.compile(
        r"(?i)(?:^|(?<=[.;:] )|,?(?: (?:and|but|who|that))? )"
        r"(?:(?:do(?:es)?(?:n['’]t| not)|can(?:not|['’]t)?|only|mainly|mostly|primarily|also) )*"
        r"(?:(?P<speaks>speaks?|communicates in)|reads?|writes?|understands?|prefers|identif(?:y|ies) as)"
        r"(?: (?:only|fluent|little|no|some|mainly|mostly|limited|poor|good))*"
        rf" (?:{tongue}|(?(speaks)(?-i:[A-Z])\w+|(?!)))(?:(?:,| and|,? and| or) {tongue})*"
        r"(?: (?:only|fluently|at home))?(?: and(?= (?:takes|has|had|is|was|needs|wants|uses|asks)\b)"
        r"|(?=[,.;:!?)]|$| [-–—]| (?:so|and|but|because)\b))"
        rf"|,? (?:who is )?of (?:an? )?(?:mixed )?{one}(?:(?: and |[ /-]){one})*"
        r" (?:origin|descent|heritage|ancestry|extraction|background|nationality|ethnicity|parentage|faith|religion)\b"
        r"|,?(?: and)?(?: uses?| goes by|,? (?:preferred )?pronouns:?) (?:he|she|they)/(?:him|her|them)\b(?:/\w+)?"
        r"|(?:\b(?:needs?|requires?|has|with|via|through|using)|,) (?:an?|no)"
        rf"(?: {tongue})? (?:interpreter|translator)\b"
    )


@cache
def kin() -> dict[str, str]:
    """Each word for kin to the one without sex."""
    return {word: plain for plain, words in KIN.items() for word in words.split("|")}
