"""Everyday substances: what is eaten, drunk or taken beside a drug without being the drug that is asked about.

"Warfarin and alcohol" and "statins with grapefruit" ask for an interaction; the substance is the partner that the label
of the drug is searched for. One that is joined to no drug ("his potassium is high on losartan") is prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from rag.naming.ingredients import unique, word_set

EVERYDAY = word_set(
    """alcohol ethanol water oxygen nitrogen helium caffeine nicotine iron calcium potassium sodium magnesium zinc
    copper sulfur glucose dextrose sugar salt urea glycerin honey licorice"""
)
"""Spoken of in most questions without being the drug asked about: a drug only alone and where one is expected."""

FOODS = word_set(
    """grapefruit grapefruits pomegranate pomelo cranberry cranberries orange oranges apple milk dairy yogurt yoghurt
    cheese kefir kimchi kombucha coffee espresso tea chocolate kale spinach broccoli banana bananas avocado avocados
    garlic ginger turmeric ginseng ginkgo echinacea licorice liquorice walnut walnuts tofu soymilk wine beer vodka
    whiskey whisky liquor booze prosecco cocktails smoothie smoothies lemonade tyramine electrolytes gatorade
    multivitamin multivitamins probiotic probiotics"""
)
"""Never an unknown drug, although many are no frequent words."""

PARTNERS = {
    r"alcohol|ethanol|booze|liquor|wine|beer|whisk(?:e)?y|vodka|cocktails?"
    r"|drink(?:s|ing)?(?=\s(?:on|with|while|when|if|after|alcohol)\b|\s?[?.!,]|$)": ("alcohol", "ethanol"),
    r"grapefruits?": ("grapefruit",),
    r"st\.?\s?john['’]?s?[\s-]?wort|hypericum": ("st john's wort", "st johns wort", "hypericum perforatum"),
    r"vitamin[\s-]k": ("vitamin k",),
    r"caffeine|coffee|espresso|energy\sdrinks?|tea": ("caffeine", "coffee", "tea"),
    r"milk|dairy|yogh?urt|cheese": ("milk", "dairy", "calcium"),
    r"iron": ("iron", "ferrous"),
    r"calcium": ("calcium",),
    r"potassium|salt\ssubstitutes?": ("potassium",),
    r"magnesium": ("magnesium",),
    r"zinc": ("zinc",),
    r"multivitamins?": ("multivitamin", "multivitamins", "iron", "calcium", "zinc"),
    r"cranberry": ("cranberry",),
    r"smoking|cigarettes?|tobacco": ("smoking", "smoke", "smokers", "tobacco", "cigarette", "cigarettes"),
}
"""What a question calls a substance, to the words that labels have for it."""

_CHANGED = (
    r"(?<!to\s)(?<!for\s)(?<!help\s)\b(?:stop(?:s|ped)?|quit|g[ai]ve(?:s|n)?\sup|giving\sup|start(?:s|ed)?|resumed?"
    r"|cut\sdown)"
)
_AVOIDED = r"(?:avoid|stay\saway|keep\saway|off[\s-]limits|forbidden|not\s(?:be\s)?eat\w*|leave\sout)"
ANYWHERE = {
    # taken up or given up: what the drug was dosed for has changed
    rf"{_CHANGED}(?:\s(?:on|his|her|my|the|with))*\s(?:smoking|cigarettes?|tobacco)\b": (
        "smoking",
        "smoke",
        "smokers",
        "tobacco",
        "cigarette",
        "cigarettes",
    ),
    # what not to eat
    rf"\bfoods?\b(?=[^.?!]*\b{_AVOIDED}\b)|\b{_AVOIDED}\s(?:\w+\s){{0,3}}foods?\b": ("food", "foods", "diet"),
    # what may fail
    r"\b(?:weaken\w*|affects?|undo(?:es)?|reduces?|lowers?|spoils?|on)\s(?:\w+\s)?the\spill\b"
    r"(?!\s(?:box|bottle|organi|count))": (
        "contraceptive",
        "contraceptives",
        "contraception",
        "birth control",
    ),
}
"""What is asked about beside a drug wherever the two stand in the question, to the words that labels have for it."""

MEASURED = word_set("iron calcium potassium magnesium zinc")
"""Also laboratory values: partners only where a word puts them beside a drug as something taken."""

_ANYWHERE = tuple((re.compile(form), words[0]) for form, words in ANYWHERE.items())
_FORMS = "|".join(f"(?P<p{place}>{form})" for place, form in enumerate(PARTNERS))
_SUBSTANCE = re.compile(
    r"(?<!benzyl\s)(?<!cetyl\s)(?<!stearyl\s)(?<!rubbing\s)(?<!isopropyl\s)"
    rf"\b(?:{_FORMS})\b"
    r"(?!-|\s(?:deficien|overload|poor|levels?\b|concentrations?|channel|toxicity|poisoning|intoxication|withdrawal|abuse"
    r"|dependen|use\sdisorder|intoleran|allerg|is\b|was\b|of\b|\d|cessation|goes|went|chang|monitor|free|water|plenty|lots))"
)
_TAKEN = (
    r"(?:(?:food\sor|i|i['’]m|am|is|he|she|they|on|take|takes|taking|using|my|his|her|a|an|the|some|any|other|glass|cup|of|daily|red"
    r"|oral|drink|drinking|eat|eating|have|having|juice|tablets?|pills?|supplements?)\s)*"
)
_BESIDE = re.compile(
    rf"(?:\s(?:juice|tablets?|pills?|supplements?))?(?:\sbe)?(?:\s(?:safe|okay|ok|allowed|together|it|taken|used|mixed))?"
    rf"(?:\s?[,/+&]\s?|\s(?:and|or|plus|with|alongside)\s){_TAKEN}"
)
_WHILE = re.compile(
    rf"(?:\s(?:juice|safe|okay|ok|allowed|again))*\s(?:on|while|when|if|whilst|during|after|before|affects?|affected\sby|interacts?\swith)\s{_TAKEN}"
)


_MONITORED = re.compile(r"\b(?:check|monitor|measur|test|labs?\b|levels?\b|serum)")


class Spanned(Protocol):
    """A stretch of a text."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


def beside(text: str, drugs: Iterable[Spanned]) -> tuple[str, ...]:
    """The substances that ``text`` joins to one of ``drugs`` (or to such a substance), as `PARTNERS` has them first."""
    spans = [(one.start, one.end) for one in drugs]
    taken = tuple(spans)
    found: list[str] = []
    for match in _SUBSTANCE.finditer(text.lower()) if spans else ():
        free = all(match.end() <= start or end <= match.start() for start, end in taken)
        if free and any(_joined(text.lower(), match, span) for span in spans):
            spans.append(match.span())
            found.append(_words(match)[0])
    apart = (word for form, word in _ANYWHERE if taken and form.search(text.lower()))
    return unique((*found, *apart))


def partner_words(substances: Sequence[str]) -> tuple[str, ...]:
    """The words that labels have for substances that `beside` gave."""
    found = (word for words in (*PARTNERS.values(), *ANYWHERE.values()) if words[0] in substances for word in words)
    return unique(form for word in found for form in _forms(word))


def _forms(word: str) -> tuple[str, ...]:
    """The word as labels print it: "st john's wort" also with a full stop and a typographic apostrophe."""
    dotted = (word, re.sub(r"\bst ", "st. ", word))
    return (*dotted, *(one.replace("'", "’") for one in dotted))


def _words(match: re.Match[str]) -> tuple[str, ...]:
    return list(PARTNERS.values())[int((match.lastgroup or "p0")[1:])]


def _joined(text: str, match: re.Match[str], span: tuple[int, int]) -> bool:
    """Whether only words that put one beside the other stand between a substance and a drug."""
    first = match.end() <= span[0]
    between = text[match.end() : span[0]] if first else text[span[1] : match.start()]
    if match.group() in MEASURED:
        return _BESIDE.fullmatch(between) is not None and not _MONITORED.search(text)
    return between == " " or any(form.fullmatch(between) for form in (_BESIDE, _WHILE))
