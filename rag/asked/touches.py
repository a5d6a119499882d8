"""Whether a warning of a drug touches a question: its other drugs or their classes, its patient, conditions, routes.

Rules on words, on purpose: a warning that is left out must be explainable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.asked.focus import INTOLERANCE, groups_of, populations
from rag.asked.patient import of_old_age, routes_of
from rag.drugs import Resolver
from rag.naming.classes import DrugClass
from rag.naming.ingredients import unique, word_set
from rag.query import Query
from rag.sentences.concepts import Concept, Said, concepts

NAMED, CLASS, PATIENT = 4, 3, 2
"""What weighs how much: another drug or substance by name, one of its classes, or the patient, condition or route."""

WEAKER = {
    "CYP3A4 inhibitor": word_set(
        """aprepitant cenobamate crizotinib cyclosporine diltiazem efavirenz erythromycin everolimus fluconazole
        ivacaftor letermovir mirabegron palbociclib pazopanib ranolazine selpercatinib suvorexant ticagrelor trofinetide
        verapamil voxelotor"""
    ),
    "CYP3A4 inducer": word_set(
        """aprepitant belzutifan bosentan brigatinib cenobamate clobazam deferasirox efavirenz etravirine lorlatinib
        mitapivat mobocertinib modafinil nevirapine relugolix topiramate"""
    ),
}
"""Members of a class that are no strong ones by the FDA's tables (2023) or their own labels. What is not listed counts
as strong, also where sources disagree (phenobarbital): a warning too many is better than one too few."""

_ENZYME = re.compile(r"(CYP\w+|P-gp|BCRP) (inhibitor|inducer)")
_STRONGLY = re.compile(r"\b(?:strong|potent)\w*", re.IGNORECASE)
_MODERATELY = re.compile(r"\bmoderate", re.IGNORECASE)
_LISTS = re.compile(
    r"\b(?:what|which|list|name|give|tell|all|any|the)\b[^?.]*\bcontra-?indications?\b|^\W*contra-?indications?\b"
    r"|\b(?:who|which\spatients|what\spatients|which\speople)\s(?:should|must|can)(?:\snot|not|n['’]t|\snever)\b"
    r"|\b(?:who|which\spatients)\sshould\savoid\b|\bwhen\sis\b[^?.]*\bcontra-?indicated\W*$",
    re.IGNORECASE,
)
_SINGLED = re.compile(r"\b(?:in|with|for|if|during|while|after|before|on|and)\s+(?!the\s+use\b)[^\W\d_]", re.IGNORECASE)
"""What says of whom, or beside what, once the drug's own name is taken out."""
_OTHERS = re.compile(r"\bother\b", re.IGNORECASE)
_BESIDE = re.compile(
    r"\b(?:concomitant|concurrent|co-?admin|in combination|together|receiving|taking|treated with|use with|using)",
    re.IGNORECASE,
)
_INJECTED = frozenset({"intravenous", "intramuscular", "subcutaneous", "intrathecal", "epidural"})
_CONDITION = re.compile(
    r"(?:itis|oma|emia|uria|osis|pathy|edema|lepsy|lgia|rrhage|plegia|penia|cardia|trophy|rrhea|phobia|rrhythmia|sthenia"
    r"|spasm|stenosis|infarction|thrombosis|embolism|shock|ulcer|ileus|lysis)$"
)
_CONDITIONS = word_set(
    """asthma gout glaucoma angioedema stroke bleeding porphyria seizure seizures convulsions parkinson torsades copd
    dementia obstruction perforation suicidal suicide jaundice psychosis lupus addiction alcoholism g6pd gi ketoacidosis
    thyrotoxicosis hyperthyroidism hypothyroidism dehydration coma constipation"""
)
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|[.,;:?]")
_GENERIC = word_set(
    """a about above according active acute add added adding administer administered administration adult advise affect
    affected after again against age aged all allowed alone already also am amount an and another any appropriate are
    as ask at avoid avoided be because been before being below beside best better between blood both but by can cannot
    cause caused causes causing caution change chronic clinical combination combine combined combining common compare
    compared concentration concern concomitant consider continue contraindicated contraindication contraindications
    control cost could course current currently daily danger dangerous dangers data day days decrease decreased did
    difference different do doctor does dosage dosages dose doses dosing drug drugs due duration during each early
    effect effective effects eat either evidence exceed fast find first following food for frequency frequent from get
    give given giving go good guidance had half happen happens has have having he help her high higher him his history
    hour hours how i if important in increase increased increases increasing indicated indication indications
    information initial interact interacting interaction interactions into is it its just keep kind know known label
    labels last less level levels like long look low lower main make man management many may me medication medications
    medicine mg mild minimum maximum mechanism moderate monitor monitoring month months more most mother much must my
    need needed new no normal not now of off often old on once one only or oral other out over own patient patients per
    people person plan plasma please possible potential precaution precautions prescribe prescribed prescribing problem
    problems product products prolonged range reaction reactions receive receiving recommend recommended
    recommendations reduce reduced reducing regarding related report reported requires respond response risk risks safe
    safely safety said same say says serious serum severe severity she should side sign signs since so some someone
    stable start started starting status stop stopped strong study such suitable symptom symptoms take taken taking
    tell than that the their them then there therapy these they this though time times to together tolerated too
    treat treated treating treatment trial twice two type uncontrolled under until up use used useful using usual
    versus very vs want warn warning warnings was we week weekly weeks were what when where whether which while who
    whom why will with within without woman women work worse would year years yes you your allergy allergic
    hypersensitivity hypersensitive tablet tablets capsule capsules injection solution cream disease disorder condition
    conditions impairment failure pain infection infections adverse event events children child kidney renal hepatic
    liver pregnancy pregnant breastfeeding lactation elderly heart drink drinking juice"""
)
"""Words that single out no condition by themselves; in a phrase ("heart failure") they count."""
_PHRASED = word_set("disease disorder failure impairment infection infections heart pain kidney renal hepatic liver")


@dataclass(frozen=True, slots=True)
class Touch:
    """What a sentence of a drug's label must say to touch the question."""

    named: re.Pattern[str] | None
    classes: tuple[tuple[str, frozenset[str], re.Pattern[str]], ...]  # name, members in question, pattern
    groups: frozenset[str]
    routes: frozenset[str]
    phrases: frozenset[tuple[str, ...]]
    allergic: bool
    concepts: tuple[Concept, ...] = ()  # listed conditions, which labels may call otherwise

    @staticmethod
    def of(query: Query, index: int, resolver: Resolver) -> Touch:
        """For the question's drug ``index``."""
        others = [keys for place, keys in enumerate(query.drugs) if place != index]
        others += [
            one.keys for one in query.mentions if one.role in {"treated", "from"} and one.keys not in query.drugs
        ]
        feared = [one.keys for one in query.allergies if len(one.keys) == 1]
        names = [name for keys in others for name in names_of(query, keys, resolver)]
        found = {(one.name, frozenset(keys)): one for keys in (*others, *feared) for one in resolver.classes.of(keys)}
        return Touch(
            named=_any_of([*names, *query.unresolved, *query.aside, *query.partners]),
            classes=tuple((name, keys & {*one.everyone}, class_pattern(one)) for (name, keys), one in found.items()),
            groups=groups_of(query),
            routes=frozenset(query.routes) & _INJECTED,
            phrases=frozenset(_phrases(query)),
            allergic=bool(query.allergies) or INTOLERANCE.search(query.question) is not None,
            concepts=tuple(one for one in concepts(_without_names(query)) if one.firm),
        )

    def __bool__(self) -> bool:
        """Whether the question singles out anything at all."""
        return bool(self.named or self.classes or self.groups or self.routes or self.phrases or self.concepts)

    def strength(self, text: str) -> int:
        """How much ``text`` touches the question; 0: not at all."""
        named = NAMED * (self.named is not None and self.named.search(text) is not None)
        classed = CLASS * any(_of_class(*one, text, allergic=self.allergic) for one in self.classes)
        patient = bool(self.groups & groups_in(text)) or bool(self.routes & frozenset(routes_of(text)))
        conditions = bool(self.phrases & _said(text)) if self.phrases else False
        if self.concepts and not conditions:
            said = Said(text)
            conditions = any(one.told(said) for one in self.concepts)
        return named + classed + PATIENT * patient + PATIENT * conditions


def _of_class(name: str, keys: frozenset[str], pattern: re.Pattern[str], text: str, *, allergic: bool) -> bool:
    """Whether ``text`` speaks of this class, and so strictly that it means the drug, not of an allergy to it."""
    if not pattern.search(text) or (INTOLERANCE.search(text) and not (allergic or _BESIDE.search(text))):
        return False
    strictly = _STRONGLY.search(text) is not None and not _MODERATELY.search(text)
    return not strictly or not keys <= WEAKER.get(name, _NONE)


def names_kind(query: Query, own: int, text: str) -> bool:
    """Whether ``text`` of the label of the question's drug ``own`` speaks of a class that another one belongs to; of a
    class of both where it speaks of the others in it."""
    return any(
        _of_class(one.name, frozenset(keys) & {*one.everyone}, class_pattern(one), text, allergic=False)
        and (_OTHERS.search(text) or not set(query.drugs[own]) & {*one.everyone})
        for place, keys in enumerate(query.drugs)
        for one in query.kinds.get(keys, ())
        if place != own
    )


def names_of(query: Query, keys: tuple[str, ...], resolver: Resolver) -> tuple[str, ...]:
    """A drug's keys, the question's word for it and its other names in the corpus."""
    said = (one.surface.casefold() for one in query.mentions if one.keys == keys)
    return unique((*keys, *said, *resolver.names(keys)))


@lru_cache(4096)
def groups_in(text: str) -> frozenset[str]:
    """The groups of patients that a sentence speaks of; ages from 65 on mean older adults."""
    return populations(text) | ({"older adults"} if of_old_age(text) else frozenset())


@lru_cache(1024)
def class_pattern(one: DrugClass) -> re.Pattern[str]:
    """Finds a class in a text however it is spaced: "MAO inhibitors", "inhibitors of CYP3A4", "ARBs"."""
    forms = [_form(form) for form in one.written]
    if enzyme := _ENZYME.fullmatch(one.name):
        which = _enzyme(enzyme.group(1))
        verb = "inhibit" if enzyme.group(2) == "inhibitor" else "induc"
        forms += [rf"(?i:{which}\b[^.;]{{0,60}}\b{verb})", rf"(?i:\b{verb}\w*\b[^.;]{{0,40}}{which}\b)"]
    return re.compile("|".join(forms))


def _enzyme(name: str) -> str:
    if name.startswith("CYP"):
        digits = name[3:]
        short = rf"{digits[:-1]}(?:{digits[-1]})?" if digits == "3A4" else digits
        return rf"(?:\bCYP[\s-]?(?:450[\s-]?)?|\bP450[\s-]?|\b){short}"
    return r"(?:\bP-?\s?gp|\bP-?glycoprotein)" if name == "P-gp" else rf"\b{name}"


def _form(form: str) -> str:
    spaced = re.sub(r"\\?[\s-]+", r"[\\s-]*", re.escape(form))
    return rf"\b{spaced}s?\b" if form.isupper() and len(form) < 6 else rf"(?i:\b{spaced}(?:e?s|ic)?\b)"


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    forms = [_form(word) for word in unique(words) if len(word) > 2]
    return re.compile("|".join(forms)) if forms else None


def _phrases(query: Query) -> Iterable[tuple[str, ...]]:
    """The conditions that a question names: words that are diseases by themselves, and pairs of neighbouring words."""
    for run in _runs(_without_names(query), _GENERIC - _PHRASED):
        yield from ((word,) for word in run if word in _CONDITIONS or _CONDITION.search(word))
        if len(run) == 1 and run[0] not in _GENERIC and len(run[0]) > 4:
            yield (run[0],)
        yield from pairwise(run)


def lists(query: Query) -> bool:
    """Whether all contraindications of one drug are asked for, and not whether it may be given to somebody."""
    alone = query.shape == "plain" and len(query.drugs) == 1 and query.topics[:1] == ("contraindications",)
    if not alone or query.populations or query.partners or query.allergies or query.unresolved:
        return False
    text = _without_names(query)
    return _LISTS.search(text) is not None and not _SINGLED.search(text)


def vague(query: Query) -> bool:
    """Whether a question names nothing that an answer could be about: "Is it safe?", "What is the dose?"."""
    named = query.drugs or query.unresolved or query.classes or query.allergies or query.mentions
    return not named and not _runs(_without_names(query), _GENERIC)


def _without_names(query: Query) -> str:
    text = query.question
    spans = [(one.start, one.end) for one in query.mentions]
    spans += [(one.start, one.end) for one in query.classes]
    spans += [(one.start, one.end) for one in query.populations]
    for start, end in spans:
        text = f"{text[:start]}{';' * (end - start)}{text[end:]}"
    return text


def _runs(text: str, stops: frozenset[str]) -> list[list[str]]:
    """Words without what stands between: stop words, figures and punctuation part the runs."""
    runs: list[list[str]] = [[]]
    for raw in _WORD.findall(text.casefold()):
        word = _plain(raw)
        if raw in stops or word in stops or not any(map(str.isalpha, raw)) or raw in ".,;:?":
            runs.append([])
        else:
            runs[-1] += [_plain(part) for part in raw.split("-") if part]
    return [run for run in runs if run]


def _plain(word: str) -> str:
    """In the American spelling and the singular."""
    word = word.replace("oedema", "edema").replace("haem", "hem").replace("aemia", "emia").replace("rrhoea", "rrhea")
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "is", "us")) else word


@lru_cache(4096)
def _said(text: str) -> frozenset[tuple[str, ...]]:
    """The words of a sentence and the pairs of neighbours."""
    found: set[tuple[str, ...]] = set()
    for run in _runs(text, _NONE):
        found.update((word,) for word in run)
        found.update(pairwise(run))
    return frozenset(found)


_NONE: frozenset[str] = frozenset()


def strongest(texts: Sequence[str], touch: Touch) -> list[int]:
    """Places of the texts that touch, the one that touches most first, else in their order."""
    values = [touch.strength(text) for text in texts]
    return sorted((place for place, value in enumerate(values) if value), key=lambda place: -values[place])
