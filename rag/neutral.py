"""A question without what must not matter: name, sex, origin, belief, work, insurance, and an adult's exact age.

What is searched and read is this text, so that two patients who differ in nothing else get the same answer (the test is
`citerx eval answers`, counterfactual fairness). Where such a detail may matter it stays: sex beside pregnancy, hormones
or "women" as a group; origin beside genes and ancestry; ages of children and from 65.
"""

from __future__ import annotations

import re
from functools import partial

_SEX_MATTERS = re.compile(
    r"\b(?:pregnan|lactat|nursing|breast|contracep|childbearing|menopaus|menstru|period|prostat|testost|androgen|o?estrogen"
    r"|hormon|erecti|sperm|semen|fertil|ovar|uter|vagin|gyn|finasterid|dutasterid|birth|sex\b|gender|women\b|men\b|males\b"
    r"|females\b)",
    re.IGNORECASE,
)
_ORIGIN_MATTERS = re.compile(
    r"\b(?:HLA|ancest|genot|genetic|allele|race|racial|ethnic|origin|descent|G6PD|metaboli[sz]er|Asians?\b|Blacks?\b"
    r"(?! (?:man|woman|patient|person|adult|male|female))"
    # drugs whose labels tell of ancestry
    r"|\w+pril\b|\w+sartan\b|eltrombopag|promacta|alvaiz|carbamazepin|tegretol|oxcarbazepin|trileptal|phenytoin|dilantin"
    r"|rosuvastatin|crestor|allopurinol|rasburicase|primaquin|tafenoquin|dapson|hydralazin|bidil)",
    re.IGNORECASE,
)
_PERSON = (
    r"(?:patient|person|adult|individual|man|woman|male|female|guy|gentleman|lady|husband|wife|spouse|widower|widow"
    r"|newlywed|bachelor|neighbou?r|colleague|friend|cousin|client|boyfriend|girlfriend|partner)"
)
_WORK = (
    r"(?:driver|professor|worker|manager|teacher|nurse|veteran|soldier|prisoner|inmate|farmer|engineer|lawyer|clerk|cook|chef"
    r"|student|runner|athlete|pilot|carpenter|builder|accountant|secretary|salesman|saleswoman|artist|musician|priest|imam"
    r"|rabbi|monk|nun|refugee|immigrant|pensioner|executive|banker|plumber|electrician|mechanic|waiter|waitress|cashier"
    r"|firefighter|policeman|policewoman|officer|librarian|scientist|journalist|homemaker|housewife|barista|gardener)"
)
_TRAITS = (
    r"(?:married|divorced|widowed|single|separated|homeless|retired|(?:self-|un)?employed|uninsured|insured|wealthy|rich|poor"
    r"|low-income|transgender|trans|cis|nonbinary|non-binary|gay|lesbian|bisexual|straight|middle-aged|religious|atheist"
    r"|stay-at-home|jobless|undocumented)"
)
_ORIGINS = (
    r"(?:[Bb]lack|[Ww]hite|Caucasian|African|Asian|European|American|Latin[oax]|Hispanic|Indigenous|Arab|Arabic|Turkish"
    r"|Kurdish|Persian|Iranian|Iraqi|Syrian|Lebanese|Israeli|Jewish|Egyptian|Moroccan|Algerian|Tunisian|Libyan|Sudanese|Somali"
    r"|Ethiopian|Eritrean|Kenyan|Ugandan|Nigerian|Ghanaian|Congolese|Senegalese|Zimbabwean|Indian|Pakistani|Bangladeshi|Nepali"
    r"|Afghan|Chinese|Japanese|Korean|Thai|Vietnamese|Filipino|Indonesian|Malaysian|Samoan|Hawaiian|Maori|Australian|Canadian"
    r"|Mexican|Cuban|Haitian|Jamaican|Dominican|Puerto Rican|Colombian|Brazilian|Peruvian|Chilean|Argentinian|British"
    r"|English|Scottish|Irish|Welsh|French|German|Dutch|Belgian|Swiss|Austrian|Italian|Spanish|Portuguese|Greek|Polish|Czech"
    r"|Hungarian|Romanian|Bulgarian|Serbian|Croatian|Albanian|Ukrainian|Russian|Armenian|Georgian|Norwegian|Swedish|Danish|Finnish"
    r"|Icelandic"
    r"|Muslim|Hindu|Sikh|Buddhist|Christian|Catholic|Protestant|Orthodox|Mormon)(?:[ -]American)?"
)
"""A list, since a pattern would take "Diabetic" for a people."""
_AGE = r"(?:1[89]|[2-5]\d|6[0-4])"
_DETAIL = rf"(?:{_TRAITS}|(?-i:{_ORIGINS})|male|female|adult)\b"
_GROUPS: tuple[tuple[re.Pattern[str], str], ...] = (
    # insurance and standing in a clause of their own
    (
        re.compile(
            r",? (?:who (?:is|has|gets|lives|works)(?: on| with| in| at| covered by)?|with|on|without|living|having"
            r"|covered by|and (?:has|is on))"
            r" (?:(?:an?|no|the|private|public|good|any|full|in|by|well-paid|her|his|their|poor|employer) )*"
            r"(?:insurance|medicaid|medicare|coverage|uninsured|job|shelter|welfare|benefits|disability benefits"
            r"|employer coverage|health plan|homeless|unemployed|housing)\b,?",
            re.IGNORECASE,
        ),
        "",
    ),
    # "Mr. Cohen", "Ms Garcia"
    (re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx)\b\.? [A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?"), "the patient"),
    # "54M", "45yo F"
    (re.compile(rf"\b{_AGE}\s?(?:y/?o\s?)?[MF]\b"), "adult patient"),
    # "a 45-year-old Black man", "a man of 38"
    (
        re.compile(
            rf"\b{_AGE}[- ]?(?:years?|yrs?|y)?[- ]?(?:old|/?o)\b(?:,? {_DETAIL})*(?: (?:{_PERSON}|{_WORK})\b)?",
            re.IGNORECASE,
        ),
        "adult patient",
    ),
    (re.compile(rf"\b(?:{_PERSON}|{_WORK}),? (?:of|aged) {_AGE}\b(?! mg)", re.IGNORECASE), "adult patient"),
)
_MIDDLE = re.compile(r"\bmiddle-aged\b", re.IGNORECASE)
_DESCRIBED = re.compile(rf"(?:\b{_DETAIL} )+(?=(?:{_PERSON}|{_WORK})\b)")
_NOUN = re.compile(
    rf"\b(?P<article>an?|my|our|the|his|her|their|this|one) (?:{_TRAITS} )*(?:(?:\w+ )?{_WORK}|{_PERSON})\b(?!['’]s)",
    re.IGNORECASE,
)
_BELIEVER = re.compile(rf"\b{_ORIGINS} (?=(?:{_PERSON}|{_WORK})\b)")
_NAMED = re.compile(
    r"(?:(?<=^)|(?<=[.!?] ))(?P<name>[A-Z][a-z]+(?:-[A-Z][a-z]+)?(?: [A-Z][a-z]+)?)"
    r"(?= (?:is|was|has|had|takes|took|uses|used|drinks|smokes|started|got|needs|wants|feels|asks|reports|noticed)\b)"
)
_PLAIN = frozenset(
    re.findall(
        r"\w+",
        """What Which Who How When Where Why This That It There He She They The An Someone Anyone Nobody
        Everyone Mother Father Mom Mum Dad Sister Brother Son Daughter Grandmother Grandfather Aunt
        Uncle Baby Child Patient Dose Drug Treatment Therapy Does Do Is Are Can Should Pregnancy
        Breastfeeding Alcohol Grapefruit Food Kidney Liver One""",
    )
)
_PRONOUNS = (
    (re.compile(r"\b(?:he|she|they)\b", re.IGNORECASE), "they"),
    (re.compile(r"\b(?:his|hers?|their)\b", re.IGNORECASE), "their"),
    (re.compile(r"\b(?:him|himself|herself)\b", re.IGNORECASE), "them"),
)
_VERBS = (
    (
        re.compile(r"\b(is|was|has|does) they\b", re.IGNORECASE),
        {"is": "are", "was": "were", "has": "have", "does": "do"},
    ),
    (
        re.compile(r"\bthey (is|was|has|does|'s)\b", re.IGNORECASE),
        {"is": "are", "was": "were", "has": "have", "does": "do", "'s": "are"},
    ),
)


def neutral(question: str, drugs: frozenset[str] = frozenset()) -> str:
    """``question`` without such details; ``drugs``: words in lower case that are no names of people.

    >>> neutral("Mrs. Johnson, a 45-year-old Greek woman, takes digoxin. Is she at risk?")
    'the patient, a patient, takes digoxin. are they at risk?'
    >>> neutral("Can a woman of childbearing age take it?")
    'Can a woman of childbearing age take it?'
    """
    text = question
    keep_sex, keep_origin = _SEX_MATTERS.search(text), _ORIGIN_MATTERS.search(text)
    if keep_sex:
        return text
    if not keep_origin:
        text = _BELIEVER.sub("", text)
    for pattern, instead in _GROUPS:
        text = pattern.sub(instead, text)
    text = _NAMED.sub(lambda found: found.group() if _no_person(found["name"], drugs) else "the patient", text)
    if not keep_origin:
        text = _DESCRIBED.sub("", text)
    text = _MIDDLE.sub("adult", text)
    text = _NOUN.sub(lambda found: f"{_article(found['article'])} patient", text)
    for pronoun, instead in _PRONOUNS:
        text = pronoun.sub(instead, text)
    for pattern, verbs in _VERBS:
        text = pattern.sub(partial(_agreed, verbs), text)
    if text == question:
        return question
    text = re.sub(r"\b(?:adult )*patient(?: (?:adult )*patient\b)+", "patient", " ".join(text.split()))
    return re.sub(r"\b([Aa]) (?=adult)", r"\1n ", text)


def _no_person(name: str, drugs: frozenset[str]) -> bool:
    return (first := name.split(maxsplit=1)[0]) in _PLAIN or {name.casefold(), first.casefold()} & drugs != set()


def _article(word: str) -> str:
    return "a" if word.lower() in {"a", "an", "my", "our", "one", "his", "her", "their"} else word


def _agreed(verbs: dict[str, str], found: re.Match[str]) -> str:
    verb = found[1].lower()
    return found.group().lower().replace(verb, verbs[verb], 1)
