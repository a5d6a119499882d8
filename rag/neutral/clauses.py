"""Clauses about a person that hold nothing medical: work, home, insurance, belief, "religion: ..."."""

from __future__ import annotations

import re
from functools import cache

from rag.neutral.matters import MEDICAL, Kept, adjectives, matters
from rag.neutral.people import AGED, PERSON, STANDING, YEARS, work


def without_fields(kept: Kept, text: str) -> str:
    """ "Religion: Hindu", "(she/her)", "identifies as a man"."""
    names = [
        "nationality",
        "occupation",
        "job",
        "profession",
        "employment",
        "marital status",
        "civil status",
        "pronouns",
        "patient name",
        "name",
        "citizenship",
    ]
    names += (
        []
        if kept.origin
        else [
            "ethnicity",
            "race",
            "ethnic background",
            "ethnic origin",
            "origin",
            "ancestry",
            "country of birth",
            "born in",
            "language",
        ]
    )
    names += [] if kept.belief else ["religion", "faith", "belief"]
    names += [] if kept.sex else ["sex", "gender", "gender identity"]
    names += [] if kept.cover else ["insurance", "payer", "payor", "coverage"]
    for match in reversed(
        [
            *re.finditer(
                rf"(?i)(?P<before>^|[,;(.\n] ?| - )(?:{'|'.join(names)})\s?[:=]\s?(?P<value>[^,;.()?\n]*?)"
                r"(?P<after>[,;.)]|$| - )",
                text,
            )
        ]
    ):
        if not MEDICAL.search(match["value"]) and len(match["value"].split()) < 6:
            text = text[: match.end("before")] + text[match.start("after") :]
    return re.sub(r"(?i)\s?[(\[](?:she|he|they)\s?/\s?(?:her|him|them)s?(?:\s?/\s?(?:hers|his|theirs))?[)\]]", "", text)


@cache
def _clauses() -> re.Pattern[str]:
    verbs = (
        r"(?:(?:currently |now |only |still |mostly |usually |also |recently |just )?(?:works?|worked|teach"
        r"(?:es)?|taught|runs?|owns?|studies|study|studied|lives|live|lived|rents?|rented|drives|farms?"
        r"|manages|serves|served|belongs|attends"
        r"|identif(?:y|ies)|goes by|grew up|was (?:born|raised)|were born|moved|immigrated|emigrated|came"
        r"|comes?|hails|originates|speaks?|pays?|sells?|retired|volunteers?|plays|coaches|sings|preaches|prays"
        r"|fishes|delivers|cleans"
        r"|supports|married|divorced|votes|worships|practi[cs]es|lost (?:his|her|their|my) job|lost (?:his|her"
        r"|their|my) insurance|earns|gets by|depends on|relies on|receives|bakes|builds|repairs|makes "
        r"(?:a )?living|has (?:a|an|no|two|three|private|public|good|full|any)? ?"
        r"(?:\w+ )?(?:insurance|coverage|medicaid|medicare|job|jobs|degree|phd|mortgage|health plan"
        r"|fixed address|home|partner|husband|wife|income)|is (?:covered|insured|between|unemployed|out of"
        r"|without|on (?:medicaid|medicare|welfare|benefits|disability|a pension))|are (?:covered|insured"
        r"|between|without)|does not have|has no|lacks|doesn't have))"
    )
    return re.compile(
        r"(?i)(?P<open>,? | [-–—] |\()(?P<link>who(?:se)?|and|that|which)? ?(?:(?:is|was|are|has|had|have) )?"
        rf"(?P<verb>{verbs})\b(?P<rest>[^,.;:!?()–—]*?)(?P<close>,|\)| [-–—] |(?=[.;:!?])|$)"
    )


def without_clauses(kept: Kept, text: str) -> str:
    """Clauses of work, home, insurance and the like: "who runs a bakery", "on Medicaid", without a medical word."""

    def cut(found: re.Match[str]) -> str:
        said = found["verb"] + found["rest"]
        if not (found["link"] or "").lower().startswith("who") or matters(kept, said):
            return found.group()
        if found["open"].startswith(",") and found["close"] == ",":
            return ""
        return found["close"] if found["close"] not in {",", ")"} else ""

    text = (
        text
        if kept.cover
        else _WHOSE.sub(lambda found: found.group() if matters(kept, found.group()) else found["after"], text)
    )
    if not kept.work:
        text = _clauses().sub(cut, text)
        text = _joined().sub(lambda found: found.group() if matters(kept, found["said"]) else found["who"] + " ", text)
        text = _sentences().sub(lambda found: found.group() if matters(kept, found["said"]) else "", text)
        text = re.sub(rf"(?i)(?:(?<=^)|(?<=[.!?] ))(?:as|being|working as) an? (?:{STANDING} )?{work()}, ", "", text)
    return _without_standing(kept, _being(adjectives(kept), kept.age).sub(_been, text))


_WHOSE = re.compile(
    r"(?i),? whose (?:insurance|rent|landlord|job|employer|boss|mortgage|visa|house|home|family|parents?"
    r"|coverage|benefits|income|husband|wife|partner|church|village|business|company)\b[^,.;:!?()]*(?:,|"
    r"(?P<after>(?=[.;:!?)])|$))"
)


_LIFE = (
    r"(?:work|teach|run|own|study|live|rent|drive|farm|serve|grew up|was born|were born|moved|immigrated"
    r"|emigrated|come|came|speak|volunteer|play|coach|sing|identify)"
)


@cache
def _joined() -> re.Pattern[str]:
    return re.compile(
        r"(?i)(?P<who>(?:(?<=^)|(?<=[.!?;] ))(?:he|she|they|I|(?:(?:my|the|our) )?(?:patient|pt|partner"
        rf"|sibling|parent|relative|neighbou?r|friend)))(?P<said> (?:recently |now |currently )?{_LIFE}(?:s|es"
        r"|ed)?\b[^.!?;,]*?),? and (?=(?:is|was|has|had|takes?|took|started|uses?|wants?|needs?|got|drinks?"
        r"|have|am|been)\b)"
    )


@cache
def _sentences() -> re.Pattern[str]:
    return re.compile(
        r"(?i)(?:(?<=^)|(?<=[.!?;] ))(?:by trade,? )?(?P<said>(?:I|he|she|they|(?:my|the|our) (?:patient"
        r"|partner|sibling|parent|relative|husband|wife|mother|father|son|daughter))(?:['’]m| am| is)? (?:now "
        rf"|currently )?{_LIFE}(?:s|es|ed|ing)?\b[^.!?;,]*?)(?:[.!;] ?|(?:, | |, )(?:and |so |but )(?=(?:I|he"
        r"|she|they|my|can|should|is|does|what|how|may|will|could)\b)|, (?=(?:can|should|is|does|what|how|may"
        r"|will|could)\b))"
    )


@cache
def _being(adjectives: str, aged: bool) -> re.Pattern[str]:
    one = rf"(?:(?:an? )?(?:{adjectives}{'' if aged else f'|{AGED}|{YEARS}'})\b(?! (?:mg|kg|{PERSON})\b))"
    return re.compile(
        r"(?i)(?P<open>,? )(?:who(?: is|['’]s| was| identifies as)|identif(?:ies|ying) as|self-identif(?:ies"
        rf"|ying) as|and (?:is|identifies as)) {one}(?:(?:, and |, | and |/){one})*(?: (?:man|woman|person))?"
        r"(?P<close>,|(?=[.;:!?)])|$| and(?= (?:is|was|has|had|takes?|took|started|uses?|wants?|needs?|got"
        r"|drinks?)\b)|(?= (?:and|who|on|with|takes|has|is|was)\b))"
    )


def _been(found: re.Match[str]) -> str:
    if found["close"] == " and":
        return found["close"] if "who" in found.group() and not found["open"].startswith(",") else ""
    return "" if found["open"].startswith(",") or found["close"] != "," else ","


_STANDING_OF = re.compile(
    r"(?i),? (?P<link>who (?:is|has|gets|lives|works|pays)(?: on| with| in| at| covered by| by)?|with|on"
    r"|without|living (?:in|on|at|with)|having|covered by|insured (?:by|through|with)|and (?:has|is on)"
    r"|seen (?:in|at)|from|in)"
    r" (?:(?:an?|no|the|private|public|good|any|full|in|by|through|well-paid|steady|her|his|their|my|poor"
    r"|employer(?:['’]s)?|state|national|free|social|commercial|local|government|student|nursing) )*"
    r"(?:(?:health |medical |private |public |travel |social )?insurance|medicaid|medicare|tricare"
    r"|coverage|job|shelter|hostel|welfare|benefits|disability benefits|food stamps|employer coverage"
    r"|health plan"
    r"|housing|cash|out of pocket|free clinic|council (?:flat|house|estate)|nhs|va\b|pension|minimum wage"
    r"|fixed address|health cover)\b(?P<after>,?)"
)


def _without_standing(kept: Kept, text: str) -> str:
    return (
        text
        if kept.cover
        else _STANDING_OF.sub(lambda found: "" if found.group().startswith(",") else found["after"], text)
    )
