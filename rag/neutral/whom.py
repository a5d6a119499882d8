"""Names of people in a question, told by a list and by where they stand; a drug's name is never one.

A known name is one where nothing around it asks about a drug or names a disease after it. A word on no list is one
behind a title or "I'm", before what only people do, or in the place of a patient's name, and only beside a known drug.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from corpora.vocabulary import brand_names, ingredient_names
from corpora.vocabulary.people import is_name, words_of
from rag.naming.spelling import has_stem, is_prose

_NAME = (
    r"(?:Mc|Mac|Di|De|La|Le|Fitz|Van|O['’]|D['’]|N['’])?[A-ZÀ-ÖØ-Þ](?:['’][A-Z])?[a-zß-ÿ]+"
    r"(?:-[A-ZÀ-Þ]?[a-zß-ÿ]+)*"
)
_RUN = re.compile(
    rf"(?<![\w'’.–-]){_NAME}(?:(?: (?:[A-Z]\. )?(?:(?:van|von|de|da|del|bin|al|el|ibn|dos|di) (?:la |der "
    rf"|den )?)?){_NAME})*(?![\w–-])"
)
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Rev|Revd|Sheikh|Hon|Dame|Lord|Sgt|Capt|Prof|Miss|Mx|Mister|Madam|Madame|Mme|Monsieur|Se[nñ]ora?|Sra?|Herr|Frau|Sir"
    rf"|Lady)\b\.? {_NAME}(?: {_NAME})?(?P<of>['’]s?(?!\w))?"
)
_INITIALS = re.compile(r"(?P<who>\b(?:[Pp]t|[Pp]atient|Mr|Mrs|Ms)\b\.?) (?:[A-Z]\.? ?){2,3}(?=[ ,:;])")
_TOLD = re.compile(
    r"(?P<said>(?:[Mm]y name(?: is|['’]s)|[Tt]his is|I am|I['’]?m|(?:the |my |our )?name['’]?s?:?|"
    rf"(?:who is |who['’]s )?(?:named|called))) (?P<name>{_NAME}(?: {_NAME})?)(?=\s*[,.;:!?)]|$| and\b| -"
    r"| –| —| here| from)"
)
_PLACED = re.compile(
    r"(?P<place>\b(?:[Bb]ed|[Rr]oom|[Rr]m|[Bb]ay|[Cc]hair|[Bb]ox|[Cc]ubicle|[Rr]egarding|[Cc]oncerning|[Rr]e:|[Pp]t|[Pp]atient"
    rf"|[Ww]ard)\b[ #.]*\w{{0,4}}[,:;]? ?(?:[-–—] )?)(?P<name>{_NAME}(?:,? {_NAME})?)(?=[:,;.)]| [-–—(])"
)
_OPENING = re.compile(
    rf"^(?P<name>{_NAME}(?: {_NAME}| [A-Z]\.?)?)(?=,? \(?(?:[MF]\b ?)?\d\d ?(?:[,:);]|y|[MF]\b|-year))"
)
_ACTS = re.compile(
    r" (?:(?:has|have|had|was|is) (?:just |been |now |recently |already |always |also |never )*(?:taking"
    r"|on|given|prescribed|started on|put on|swallow\w+|forgotten|smoking|drinking|feeling|complaining"
    r"|allergic|vomiting|"
    r"breast|asking|refus\w+|worried|diagnosed|admitted|due|scheduled|a history|swollen|got)\b"
    r"|(?:takes?|took|(?:just |recently |accidentally |also |now )?(?:began|started|swallowed|forgot"
    r"|missed|skipped|drinks?|drank|smokes?|smoked|feels?|felt|asks?|asked|wants?|wanted|weighs|complains?"
    r"|reports?|reported|noticed|says?|said|eats?|ate|drives?|doubled|vomit\w*|chewed|fainted|gets|uses?"
    r"|injects?|lives|works|wonders?))\b)"
)
_QUESTIONED = re.compile(
    r"(?:^|[.?!,;:] )(?:(?:[Hh]ow|[Ww]hen|[Ww]hy|[Ww]hat|[Ii]f|[Ss]o|[Aa]nd|[Bb]ut)\b[\w ]*)?(?:[Cc]an"
    r"|[Cc]ould|[Ss]hould|[Mm]ay|[Mm]ust|[Dd]oes|[Dd]id|[Ww]ill|[Ii]f|[Ss]ince|[Ww]hen|[Aa]fter|[Bb]efore"
    r"|[Bb]ecause|[Ww]hile|[Nn]ow that|[Aa]s) $"
)
_ASKED = re.compile(
    r" (?:take|have|eat|drink|drive|skip|restart|continue|switch|need|get|use|swallow|breastfeed|fast"
    r"|travel|fly|keep|stay|avoid|stop taking|start taking|be given)\b"
)
_THEIRS = re.compile(r" [a-z]+ (?:[a-z]+ )?(?:his|her|their)\b")
"""What only a person does: "stop his levodopa"."""
_AFTER_DRUG = re.compile(
    r"(?i)\b(?:on|took?|takes|taking|started|starts?|starting|began|begins?|beginning|add|added|adding"
    r"|plus|versus|vs\.?|dose of|doses of|prescribed|using|uses?|given|of|with|than|to|drug|called"
    r"|tablets?|brand|stopp?(?:ed|ing)?|hold|holding|like|between|into|onto|switch\w*|replace\w*|combin\w+"
    r"|and|or|St\.?|Saint) $"
)
_TOWARDS = re.compile(
    r"(?i)\b(?:for|give|gave|giving|tell|told|ask|asked|does|can|should|may|must|is|was|has|did|will|since"
    r"|when|if|after|because|but|while|that|by|from|make|made|let|help|wife|husband|partner|son|daughter"
    r"|brother|sister|mother|father|friend|patient|client|cousin|neighbou?r|uncle|aunt|colleague|as|and|to"
    r"|,|\(|:|-|–|—) ?$"
)
_NAMED_AFTER = re.compile(
    r"(?i)(?:['’]s?)?,? ?-?(?:disease|syndrome|sign|phenomenon|palsy|lymphoma|sarcoma|tumou?r|o?esophagus"
    r"|an[a]?emia|ataxia|chorea|reaction|score|criteria|test|stain|virus|fever|scale|index|class"
    r"(?:ification)?|contracture|thyroiditis|ulcer|bod(?:y|ies)|cells?"
    r"|disorder|deformity|catheter|equation|formula|dystrophy|nevus|arthritis|granuloma\w*|nephropathy"
    r"|wort|mutation|gene|protein|pathway|receptor|trial|study|hospital|university|street|clinic|purpura"
    r"|encephalopathy|pneumonia|\d|et al|tablets?|capsules?"
    r"|injections?|dos(?:e|es|age|ing)|cream|patch(?:es)?|\d+ ?m[cg]|overdose|interact|side effects?"
    r"|vaccine|safe|contraindicated|tea|oil|root|extract)"
)
_PLAIN = frozenset(
    re.findall(
        r"\w+",
        """what which who whose how when where why this that it its there he she they the an a someone
        anyone nobody everyone mother father mom mum dad sister brother son daughter grandmother
        grandfather aunt uncle baby child patient dose drug treatment therapy does do is are can could
        should would may might must will has have had did was were am i my our his her their your you
        we pregnancy breastfeeding alcohol grapefruit food kidney liver one two bed room ward pt hello
        hi dear since after before if because although while for from with without to in on at of by as
        and or but not no yes please thanks thank also then now today yesterday tomorrow doctor dr
        nurse help need new old known any some all both each every stop hold given twenty thirty labs
        lab icu er heart renal hepatic take taking started starting ran out been just during once twice
        still only even so""",
    )
)


def without_names(text: str, drugs: frozenset[str]) -> str:
    """``text`` with "the patient" for a name, and "I'm Priya" gone."""
    text = _INITIALS.sub(r"\g<who>", text)
    text = _TITLE.sub(lambda found: "the patient" + ("'s" if found["of"] else ""), text)
    for told in reversed([*_TOLD.finditer(text)]):
        if _in_place(told["name"], drugs):
            text = text[: told.start()].rstrip() + _end(told["said"], text[told.end() :])
    for pattern in (_PLACED, _OPENING):
        found = pattern.search(text)
        if found and _in_place(found["name"], drugs):
            text = text[: found.start("name")] + "the patient" + text[found.end("name") :]
    return _without_known(text, drugs)


def _in_place(name: str, drugs: frozenset[str]) -> bool:
    """Whether what stands in the place of a name may be one."""
    known = any(is_name(word, eponym=True) for word in name.split()) or _strange(name, drugs)
    return known and _may_be_name(name, drugs) and not _of_a_people(name)


def _end(said: str, rest: str) -> str:
    """What follows a sentence that only told a name."""
    if said.lower().endswith(("named", "called")) or said.lower().startswith(("the name", "name")):
        return rest
    rest = re.sub(r"^(?: here)?(?:,? and (?=I\b)|,)", " ", rest)
    return re.sub(r"^ and (?!I\b)", " I ", rest)


def _without_known(text: str, drugs: frozenset[str]) -> str:
    people = set(_people(text, drugs))
    for name in sorted(people, key=len, reverse=True):
        text = re.sub(
            rf"(?<![\w-])(?:the |The )?{re.escape(name)}(?P<of>['’]s?(?!\w))?(?![\w-])",
            lambda found: "the patient" + ("'s" if found["of"] else ""),
            text,
        )
    return text


def _people(text: str, drugs: frozenset[str]) -> Iterator[str]:
    for run in _RUN.finditer(text):
        words = run.group().split()
        start = run.start()
        while words and (not _may_be_name(words[0], drugs) or words[0].casefold() in words_of("work")):
            start += len(words[0]) + 1
            words = words[1:]
        while words and not _may_be_name(words[-1], drugs):
            words = words[:-1]
        name = " ".join(words)
        if not words or not _may_be_name(name, drugs) or _of_a_people(name):
            continue
        before, after = text[:start], text[start + len(name) :]
        if (
            _NAMED_AFTER.match(after.lstrip())
            or _illness(name, after)
            or (_AFTER_DRUG.search(before) and not _TOWARDS_ONLY.search(before))
        ):
            continue
        if re.search(r"(?i)\b(?:an?|the|this|that) $", before):
            continue
        acts = (
            (before.endswith("for ") and _ASKED.match(after.removeprefix(" to")) is not None)
            or _ACTS.match(after) is not None
            or (_QUESTIONED.search(before) is not None and (_ASKED.match(after) or _THEIRS.match(after)) is not None)
        )
        alone = _THEIRS.match(after) is not None or _ACTS.match(after) is not None or _EATEN.match(after) is not None
        if (is_name(words[0]) and (acts or (drugs and _known_place(before, after)))) or (
            acts and alone and drugs and _strange(name, drugs)
        ):
            yield name


_ILLNESS = re.compile(
    r"(?i)\b(?:\w*(?:syndrome|disease|disorder|\w{3}pathy|pathies|trophy|itis|osis|oses|emia|oma|omas|plegia|phthalmia"
    r"|esthesia|algia|ism)s?|ataxia|anomaly|type|lesion|tachycardia|myasthen\w+|deficiency|malformation|cyst)\b"
)
_EATEN = re.compile(r" (?:to )?(?:take|eat|drink|drive|skip|swallow|fly|travel|breastfeed|stop taking|start taking)\b")


def _illness(name: str, after: str) -> bool:
    """Whether a name is that of an illness: "Machado-Joseph Disease", "Laing distal myopathy"."""
    near = re.match(r"(?:['’]s?)?(?:,? [\w-]+){0,3}", after)
    following = near.group() if near and not _ACTS.match(after) and not _ASKED.match(after) else ""
    return any(not is_name(word) and _ILLNESS.search(word) for word in name.split()) or (
        re.match(r"['’]?s? (?:is|has|needs|can|with|and|or|on|for|who|in)\b", following) is None
        and re.match(r"[-\w’' ]*", following) is not None
        and _ILLNESS.search(re.split(r"\b(?:is|has|with|for|on|and|or)\b", following)[0]) is not None
    )


_TOWARDS_ONLY = re.compile(
    r"(?i)\b(?:given|prescribed|safe|dangerous|bad|ok|okay|harmful|happen\w*|advice|advise|harm|spoke"
    r"|speak\w*|talk\w*|lives?|living|met|married) (?:to|for|by|with) $"
)


def _known_place(before: str, after: str) -> bool:
    """Whether a known name stands where a person may: at the start of a sentence, after "for", a comma, "does"."""
    return (
        not before.strip()
        or before.rstrip()[-1] in '.?!,(:-–—;"'
        or _TOWARDS.search(before) is not None
        or _TOWARDS_ONLY.search(before) is not None
        or after[:2] in {"'s", "’s"}
    )


def _may_be_name(name: str, drugs: frozenset[str]) -> bool:
    for word in name.split():
        bare = re.sub(r"['’]s?$", "", word).casefold()
        parts = {bare, name.casefold(), *bare.split("-")}
        if (
            bare in _PLAIN
            or parts & drugs
            or any(bare in drug.split() for drug in drugs)
            or bare in ingredient_names()
            or bare in brand_names()
            or has_stem(bare)
        ):
            return False
    return True


def _of_a_people(name: str) -> bool:
    return any(word.casefold() in _others() for word in (name, *name.split()))


@cache
def _others() -> frozenset[str]:
    return frozenset(
        (
            *words_of("people"),
            *words_of("faith"),
            *words_of("country"),
            *words_of("work"),
            "single",
            "married",
            "divorced",
            "widowed",
            "male",
            "female",
            "trans",
            "gay",
        )
    )


def _strange(name: str, drugs: frozenset[str]) -> bool:
    """Whether words are no ordinary English beside a drug that is known."""
    return bool(drugs) and all(
        not is_prose(word.casefold()) or is_name(word, eponym=True) for word in re.findall(r"[^\W\d_]+", name)
    )
