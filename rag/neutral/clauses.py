"""A question without its clauses that tell only how a person lives: "who runs a bakery", "Insurance: none."

A clause is what stands between commas, dashes, colons and ends of sentences, or follows a person up to the next word
that may matter. It goes where all its words are idle (`rag.neutral.idle`). What asks never goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.neutral.idle import SEXED, Word, idle, ordinary, words_in
from rag.neutral.matters import Kept
from rag.neutral.people import KIN, YEARS, kin

_END = re.compile(
    r"(?<!\by\.o)(?<!\bRev)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bPt)(?<!\bMrs)(?<!\bvs)(?<!\bSt)(?<!\bNo)(?<![A-Z])"
    r"[.!?]+(?=\s|$)|\n"
)
_BREAK = re.compile(r"[,;:](?=\s|$)| [-–—] ")
_ASKS = re.compile(
    r"(?i)\b(?:can(?!['’]t)|could|should|may|might|must|will|would|shall|do|does|did|what|how|when|why|whether|if|please|advise"
    r"|tell|which (?!is|was|has))\b"
)
_ASKED = re.compile(r"(?i)(?:is|are|was|were|has|have|had|am|any|where|which)\b")


def without_clauses(kept: Kept, text: str) -> str:
    """``text`` without idle sentences, parentheses, clauses and what follows a person up to a word that matters."""
    text = re.sub(r"\s?[(\[]([^()\[\]]*)[)\]]", lambda found: "" if _goes(kept, found[1]) else found.group(), text)
    text = _BEING.sub(lambda found: "" if _goes(kept, found["being"]) else found.group(), text)
    text = _subjects(kept, _one_word(kept, text))
    done, start = [], 0
    for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
        done.append(_sentence(kept, text[start:end]))
        start = end
    return "".join(done)


_BEING = re.compile(r"\b(?:As|Being) (?P<being>an? [^,.?!;:]*?),? (?=(?:I|he|she|they|we)\b)")
_DOES = re.compile(
    r"(?i)\s+(?:has|had|(?:is|was|are|were) (?:\w+ )?(?:on|given|prescribed|started|put|told|diagnosed|admitted|taking)"
    r"|presents|presented|complains|develop(?:s|ed)|reports|feels|takes?|took|swallowed|(?:runs?|ran) out|forgot|missed"
    r"|asks?|asked|wants?|needs?|drinks?|smokes?|start(?:s|ed)|stop(?:s|ped)|uses?|gets?|got|vomits?|weighs)\b"
)
"""What a person does, so that all before it is who."""


def _subjects(kept: Kept, text: str) -> str:
    """Who does something by one word, where two or more words say who: "Our lodger from Oslo takes"."""
    for found in reversed([*_BEGINS.finditer(text)]):
        words = [word for word in words_in(kept, text) if word.start >= found.end()][:14]
        does = _DOES if found.group() else _HAS
        ends = (place for place in range(1, len(words)) if does.match(text, words[place - 1].end))
        end = next(ends, 0)
        who = words[:end]
        if len(who) < 2 or not all(_is_of_a_person(word) for word in who):
            continue
        person = any(word.weight == "person" for word in who) and (found.group() or who[0].text[0].isupper())
        if person and who[0].weight != "filler" and not any(_ASKS.match(word.text) for word in who):
            one = _one_of(who)
            text = f"{text[: found.end()]}{one if found.group() else one.capitalize()}{text[who[-1].end :]}"
    return text


def _is_of_a_person(word: Word) -> bool:
    idles = word.weight != "kept" and word.text not in {"patients", "people"}
    return idles and (word.weight != "filler" or word.text in _LINKS)


_LINKS = frozenset(["of", "from", "in", "at", "for", "near", "a", "an", "the", "our", "my"])
"""What may stand among the words for a person: "not", "no longer" and "who" may not."""
_BEGINS = re.compile(
    r"(?i)(?:^|(?<=[.?!,;:] )|(?<=\bif )|(?<=\bcan )|(?<=\bthat )|(?<=\bwhen )|(?<=\bshould )|(?<=\bdoes ))"
    r"(?:an?|the|my|our|this|one) |(?:^|(?<=[.?!:] ))(?=[A-Z\d])(?!(?:an?|the|my|our|this|one) )"
)
_HAS = re.compile(r"(?i),? (?:on|with|taking|w/)(?= )")


def _one_of(who: Sequence[Word]) -> str:
    words = {word.text.casefold() for word in who}
    if words & _NEAR:
        return "offspring" if words & {"son", "daughter", "offspring"} else "relative"
    return "adult" if any(_AGE.match(word) for word in words) else "patient"


_NEAR = frozenset(["friend", "neighbour", "neighbor", "flatmate", "roommate", *kin(), *KIN])
"""Words for those whom one knows."""


_AGE = re.compile(r"(?i)[\d'’]|.*(?:-|^)(?:aged?|old|years?|yrs?|y|something|early|mid|late)\b")


def _one_word(kept: Kept, text: str) -> str:
    """A person by one word, the last of those for who it is: "privately insured patient"."""
    words = list(words_in(kept, text))
    for place in range(len(words) - 1, 0, -1):
        before, word = words[place - 1], words[place]
        who = word.weight == "person" or word.text in {"adult", "adults"}
        joined = text[before.end : word.start] == " " and who and word.text[0].islower()
        own = before.weight == "person" or (
            before.weight in {"life", "loose", "plain"} and _determined(words, place - 1)
        )
        if joined and own and not _AGE.match(before.text) and not _AGE.match(word.text):
            text = text[: before.start] + text[word.start :]
            words[place - 1] = Word(word.text, before.start, before.start + len(word.text), word.weight)
    return text


def _determined(words: Sequence[Word], place: int) -> bool:
    """Whether a word stands at the start, or behind an article with no more than words for who it is between."""
    while place and words[place - 1].weight in {"life", "loose", "plain", "person"}:
        place -= 1
    return not place or words[place - 1].text.casefold() in _DETERMINERS - {"and", ","}


def _goes(kept: Kept, part: str) -> bool:
    words = words_in(kept, part)
    return not _ASKS.search(part) and (idle(words) or ordinary(words))


def _sentence(kept: Kept, text: str) -> str:
    """A sentence with its end, without what is idle in it; empty where all of it is."""
    body = text.rstrip(" \n.!?")
    if not body.strip():
        return text
    asked = "?" in text[len(body) :]
    if not asked and not _ASKS.search(body) and idle(words_in(kept, body)) and not _only_a_person(kept, body):
        return ""
    parts = _parts(body)
    left = [place for place in range(len(parts)) if not _left_out(kept, parts, place, asked)]
    if not left:
        return text
    first = parts[0][0]
    if len(parts) > 1 and left[0] == 0 and _only_a_person(kept, first) and not _DETERMINED.match(first):
        aged = _YEARS.fullmatch(parts[1][0]) or re.search(r"\d", first)
        parts[0] = ("Adult" if aged else "Patient", parts[0][1])
    said = "".join(
        _told(kept, parts[place][0], asked) + (parts[place][1] if place != left[-1] else "") for place in left
    )
    lead = body[: len(body) - len(body.lstrip())]
    return lead + said.lstrip() + text[len(body) :]


def _told(kept: Kept, part: str, asked: bool) -> str:
    """A clause without what is idle in it: behind a person, and where it does not ask, wherever it stands."""
    part = _after_person(kept, part)
    if _ASKS.search(part) or (asked and _ASKED.match(part.strip())):
        return part
    words = words_in(kept, part)
    if not _about_a_person(words):
        return part
    place = 0
    cuts: list[tuple[int, int, str]] = []
    while place < len(words):
        end = place
        while end < len(words) and words[end].weight not in {"kept", "loose"} and not _STOPS.match(words[end].text):
            end += 1
        who = any(_is_who(word) or _SUBJECT.match(word.text) for word in words[place:end])
        led = (not place and who) or (place < end and _LEADS.match(words[place].text))
        if led and any(word.weight == "life" for word in words[place:end]):
            cuts.append((words[place].start, words[end - 1].end, _rest_of(words[place:end], subject=not place)))
        place = max(end, place) + 1
    for start, stop, left in reversed(cuts):
        part = part[:start] + left + part[stop:]
    return part


_LEADS = re.compile(r"(?i)(?:and|but|who|whose|from|at|in|near|as|because|since|while)$")


def _about_a_person(words: Sequence[Word]) -> bool:
    """Whether a clause begins with a person: "He", "The patient", "Because her union"."""
    for word in words[:5]:
        if _PRONOUN.match(word.text) or word.weight == "person":
            return True
        if word.weight != "filler":
            return False
    return False


_LEAD_ON = re.compile(
    r"(?i)(?:an?|the|is|are|was|were|has|have|had|on|with|without|in|no|none|from|for|of|to|not|been|being)$"
)


def _rest_of(run: Sequence[Word], *, subject: bool) -> str:
    """What is left of an idle run: who it is about where it begins a clause, and what leads on to the next word."""
    who = next((place for place, word in enumerate(run[:6]) if _is_who(word) or _SUBJECT.match(word.text)), None)
    head = run[: who + 1] if subject and who is not None else ()
    if any(word.weight in {"life", "plain"} for word in head):
        head = ()
    tail: list[Word] = []
    for word in reversed(run[len(head) :]):
        if not _LEAD_ON.match(word.text):
            break
        tail.insert(0, word)
    return " ".join(word.text for word in (*head, *tail))


_SUBJECT = re.compile(r"(?i)(?:he|she|they|I)$")
_PRONOUN = re.compile(r"(?i)(?:he|she|they|I|his|her|their)$")


def _parts(body: str) -> list[tuple[str, str]]:
    """The clauses of a sentence, each with the sign behind it."""
    parts, start = [], 0
    for found in _BREAK.finditer(body):
        parts.append((body[start : found.start()], found.group()))
        start = found.end()
    return [*parts, (body[start:], "")]


def _left_out(kept: Kept, parts: Sequence[tuple[str, str]], place: int, asked: bool) -> bool:
    part = parts[place][0]
    if place and not kept.age and _YEARS.fullmatch(part):
        return _only_a_person(kept, parts[0][0]) or _goes(kept, parts[place - 1][0])
    if len(parts) == 1 or not _goes(kept, part) or (asked and _ASKED.match(part.strip())):
        return False
    if place == len(parts) - 1 and all(word.weight in {"plain", "filler"} for word in words_in(kept, part)):
        return False
    return place > 0 or not _only_a_person(kept, part)


_YEARS = re.compile(rf"\s*{YEARS}\s*")
_DETERMINERS = frozenset(["a", "an", "the", "my", "our", "his", "her", "their", "this", "that", "one", "and", ","])


_DETERMINED = re.compile(r"(?i)\s*(?:an?|the|my|our|his|her|their|this|that|one) ")


def _only_a_person(kept: Kept, part: str) -> bool:
    """Whether a clause is no more than who it is about: "My aunt", "A Greek baker"."""
    return all(word.weight == "person" or word.text.casefold() in _DETERMINERS for word in words_in(kept, part))


_RESUMES = re.compile(
    r"(?i)(?:(?:runs?|ran|running) out|takes?|took|taking|has|have|had|is|was|are|were|on|with|wants?|needs?|asks?"
    r"|uses?|started|starts|got|gets|can|could|should|may|might|must|will|would|does|did|who|whose|presents?|presented"
    r"|developed|develops|complains?|newly|whether|if|to be|received?|receiving|using|diagnosed|prescribed|given"
    r"|admitted|in whom|after|for|about)\b"
)
_STOPS = re.compile(rf"(?i)(?:asks?|asked|wants?|wanted|wonders?|wishes)$|{_ASKS.pattern[4:]}")
_LINK = re.compile(r"(?i)(?:and|but|,)$")


def _after_person(kept: Kept, part: str) -> str:
    """Without what follows a person ("who moved here from Ghana", "from rural Kansas") up to what matters."""
    words = words_in(kept, part)
    cuts = []
    place = 0
    while place < len(words):
        if _is_who(words[place]) and (end := _run(words, place + 1)):
            last = words[end].end if end < len(words) else len(part)
            cuts.append((words[place].end, words[end].start if end < len(words) else last))
            place = end
        else:
            place += 1
    for start, end in reversed(cuts):
        part = part[:start] + (" " if end < len(part) else "") + part[end:]
    return part


_PATIENTS = re.compile(
    r"(?i)(?:non-)?(?:smoker|drinker|user|sufferer|inpatient|outpatient|survivor|carrier|diabetic|asthmatic|epileptic)$"
)


def _is_who(word: Word) -> bool:
    return word.weight == "person" or _PATIENTS.match(word.text) is not None or SEXED.fullmatch(word.text) is not None


_OPENS = re.compile(
    r"(?i)(?:who|whose|that|from|in|of|at|near|with|without|as|on|living|working|born|raised|speaking|originally|by|lives|works|\w+s"
    r"|\w+ed|\w+ing)$"
)


def _run(words: Sequence[Word], start: int) -> int:
    """Where an idle run after a person ends, so that the rest goes on; 0: there is none that may go."""
    if start >= len(words) or not _OPENS.match(words[start].text):
        return 0
    end = start
    while end < len(words) and words[end].weight != "kept" and not _STOPS.match(words[end].text):
        end += 1
    run = list(words[start:end])
    while run and run[-1].weight == "filler":
        run.pop()
    stop = start + len(run)
    if not run or not idle(run, person=run[0].text.casefold() not in {"and", "with"}):
        return 0
    rest = words[stop:]
    if not rest:
        return stop
    if _LINK.match(rest[0].text) and len(rest) > 1:
        verb = run[0].text.casefold() not in {"from", "in", "of", "at", "near", "with", "without", "as", "on", "by"}
        return stop + 1 if verb else stop
    return stop if _RESUMES.match(rest[0].text) else 0
