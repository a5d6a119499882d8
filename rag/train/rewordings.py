"""Sentences said in other words of the same meaning: what a check of claims must let pass.

Without them a reader learns that a sentence with any change is false, since `rag.train.mutations` changes what is said.
"""

from __future__ import annotations

import random
import re

SAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bmay\b", ("can", "might", "could")),
    (r"\bshould not be (?:used|given|administered)\b", ("must not be used", "is not to be given", "should be avoided")),
    (r"\bis contraindicated\b", ("must not be used", "should never be given")),
    (r"\bis recommended\b", ("is advised",)),
    (r"\bis not recommended\b", ("is not advised", "should be avoided")),
    (r"\bhepatic impairment\b", ("impaired liver function", "liver impairment")),
    (r"\brenal impairment\b", ("impaired kidney function", "kidney impairment")),
    (r"\bhepatic\b", ("liver",)),
    (r"\brenal\b", ("kidney",)),
    (r"\bpediatric patients\b", ("children",)),
    (r"\b(?:elderly|geriatric) patients\b", ("older people", "older adults")),
    (r"\bpatients\b", ("people", "those")),
    (r"\bpregnant women\b", ("women who are pregnant",)),
    (r"\bnursing mothers\b", ("breast-feeding mothers",)),
    (r"\bbreast-?feeding\b", ("nursing",)),
    (r"\badverse reactions\b", ("side effects", "adverse effects")),
    (r"\b(?:concomitant|concurrent) (?:use|administration)\b", ("combined use", "use together")),
    (r"\bconcomitantly\b", ("together", "at the same time")),
    (r"\badminister(?:ed)?\b", ("give",)),
    (r"\bincreased risk\b", ("higher risk",)),
    (r"\bincreases?\b", ("raise",)),
    (r"\b(?:decreases?|reduces?)\b", ("lower",)),
    (r"\bdiscontinue\b", ("stop",)),
    (r"\bmonitor\b", ("watch",)),
    (r"\bavoid\b", ("do not use",)),
    (r"\bhypertension\b", ("high blood pressure",)),
    (r"\bhypotension\b", ("low blood pressure",)),
    (r"\bmyocardial infarction\b", ("heart attack",)),
    (r"\bonce daily\b", ("once a day", "every day once")),
    (r"\btwice daily\b", ("twice a day", "two times a day")),
    (r"\bthree times daily\b", ("three times a day",)),
    (r"\bmg\b", ("milligrams",)),
    (r"\bfatal\b", ("deadly", "lethal")),
    (r"\bsevere\b", ("serious",)),
    (r"\bapproximately\b", ("about", "roughly")),
    (r"\bprior to\b", ("before",)),
    (r"\bfollowing\b", ("after",)),
    (r"\bdue to\b", ("because of",)),
    (r"\bdose adjustment\b", ("change of the dose",)),
    (r"\bplasma concentrations?\b", ("blood levels", "plasma levels")),
    (r"\bexposure\b", ("systemic exposure",)),
    (r"\bindicated for\b", ("used for", "approved for")),
    (r"\b(?:has|have) been reported\b", ("was seen", "occurred")),
    (r"\bwere (?:observed|reported)\b", ("were seen",)),
)
"""Patterns and what may stand in their place; grammar may suffer, meaning does not."""
MOST = 4
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]{0,120}[)\]]")
_FRONT = re.compile(r"^(?P<front>(?:In|If|When|For|During|After|Before) [^,]{8,90}), (?P<rest>[^,]{25,}?)\.?$")


def reworded(text: str, rng: random.Random) -> str:
    """``text`` with up to `MOST` expressions exchanged, now and then without an aside or with its clauses turned."""
    found = [(pattern, words) for pattern, words in SAME if re.search(pattern, text, re.IGNORECASE)]
    for pattern, words in rng.sample(found, min(len(found), rng.randint(1, MOST))):
        text = re.sub(pattern, rng.choice(words), text, count=1, flags=re.IGNORECASE)
    if rng.random() < 0.3:
        text = _ASIDE.sub("", text)
    turned = _FRONT.match(text)
    if turned and rng.random() < 0.5:
        front, rest = turned["front"], turned["rest"]
        text = f"{rest[:1].upper()}{rest[1:]} {front[:1].lower()}{front[1:]}."
    return text[:1].upper() + text[1:]
