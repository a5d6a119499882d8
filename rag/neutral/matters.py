"""What in a question may matter for its answer and so stays; words that keep a clause about a person.

Sources: what labels tell apart (sex, ancestry, age, exposure at work, belief beside gelatin or fasting).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from rag.neutral.people import origins

_SEX_MATTERS = re.compile(
    r"\b(?:pregnan|lactati|nursing|breast|contracep|childbearing|menopaus|menstru|period|prostat|testost"
    r"|androgen|o?estrogen"
    r"|hormon|erecti|sperm|semen|fertil|ovar|uter|vagin|gyn|finasterid|dutasterid|birth|sex\b(?!:)|gender\b"
    r"(?! identity)|women\b|men\b|males\b"
    r"|females\b|boys\b|girls\b|conceiv|fetus|fetal|trimester|lactis|endometri|cervi[cx]|isotretinoin"
    r"|acitretin|thalidomid|lenalidomid"
    r"|the pill\b|nurses\b.*\bbab|infertil|steril|womb|amnio|obstetric|expecting|newborn|neonat|(?:the"
    r"|mother['’]?s|her) milk|(?:to|at|full|near) term\b|(?:male|female) partner"
    r"|(?:have|having|want|wants|father|fathering)(?: a| any| more)? (?:child|kids|bab)|ospemifen|osphena"
    r"|raloxifen|evista|clomi|\w*estradiol|delestrogen|progest|letrozol|anastrozol|exemestan|aromasin"
    r"|tamoxifen|fulvestrant|elacestrant|orserdu"
    r"|abirateron|enzalutamid|apalutamid|leupro|goserel|spironolactone.{0,30}gynec|hysterectom|mastectom"
    r"|gestation|miscarr|abortion|puberty|gyn[ae]|virili[sz]|x-linked"
    r"|zolpidem|ambien|alosetron|lotronex|valpro|divalpro|depak|mycophenol|leflunomid|teriflunomid|bosentan|ambrisentan"
    r"|macitentan|riociguat|ribavirin|misoprostol)",
    re.IGNORECASE,
)
_ORIGIN_MATTERS = re.compile(
    r"\b(?:HLA|ancest|genot|genetic|allele|(?<!mixed-)race\b|racial|ethnicit|ethnic (?:group|differ|back)|G6PD"
    r"|metaboli[sz]|malari|artem|mefloquin|chloroquin|atovaquon|back from|returned from|if (?:Asian|Black)\b"
    r"|(?:Asian|Black)(?:s\b|(?=\?| (?:people|patients|adults|men|women|individuals|subjects)\b))"
    r"|poly?morphism|sickle|thalass|endemic|variant|\w+pril\b|\w+sartan\b|eltrombopag|promacta|alvaiz"
    r"|rosuvastatin|crestor|rasburicase|primaquin|tafenoquin|dapson|pegloticas|hydralazin|bidil|populations?\b|prevalen)",
    re.IGNORECASE,
)
_OF_ORIGIN = (
    r"\b(?:carbamazepin|tegretol|oxcarbazepin|trileptal|(?:fos)?phenytoin|dilantin|allopurinol|tacrolimus|prograf)"
)
"""Drugs whose labels tell ancestries apart where one begins: genes of skin reactions, first doses."""
_BEGUN = re.compile(
    rf"(?i)(?:start|initiat|begin|need|requir|prescri|put |plan|give|dos(?:e|ing) (?:of|for) )(?:\w* ){{1,3}}"
    rf"{_OF_ORIGIN}|{_OF_ORIGIN}\w*,? (?:\w+ ){{0,2}}(?:start|initiat|plan|begin|dos|test)"
    r"|\b(?:test|screen|rash|skin|blister|an?gio)"
)
"""What is asked of them then; beside a second drug the two are asked about."""
_AGE_MATTERS = re.compile(
    r"(?i)\b(?:\w*citinib|xeljanz|rinvoq|olumiant|cibinqo|litfulo|leqselvi|shingrix|zoster|suicid\w*|(?:my"
    r"|his|her|their|that|this|what|patient['’]?s) age\b|age (?:group|limit|matter|range)|too (?:old"
    r"|young)|old enough"
    r"|smok\w*(?=.*\b(?:pill|patch|ring|contracep)))"
)
_WORK_MATTERS = re.compile(
    r"\b(?:vaccin|immuni[sz]|expos|needle|occupation|shift|asbestos|pesticide|silica|drows|driving|drive\b"
    r"|machine|doping|banned|alert\b|sedat|sleepy|transmi|outbreak|name of|tax\b)",
    re.IGNORECASE,
)
_BELIEF_MATTERS = re.compile(
    r"\b(?:gelatin|porcine|pork|fast(?:s|ing)\b|ramadan|halal|kosher|vegetarian|transfus|blood products?)",
    re.IGNORECASE,
)
_COVER_MATTERS = re.compile(r"\b(?:cost|price|pay for|afford|covered|reimburs|copay|cover\b|covers\b)", re.IGNORECASE)
MEDICAL = re.compile(
    r"\b(?:pain|ache|blood|bleed|kidney|renal|liver|hepat|heart|cardi|lung|asthma|copd|brain|nerve|seiz"
    r"|epilep|stroke|cancer|tumou?r|diabet|allerg|smok|drink|alcohol"
    r"|pregnan|nurs|breast|fever|infect|virus|hiv|aids|tb\b|tubercul|pressure|hypert|hypot|glucose|sugar"
    r"|insulin|dialys|transplant|surg|operat|disease|disorder|syndrome|illness|ill\b|sick"
    r"|disab|depress|anxi|bipolar|schizo|psych|suicid|dement|alzheim|parkins|injur|wound|fract|bone|joint"
    r"|arthr|gout|skin|rash|itch|eye|vision|blind|deaf|hear(?:ing)?\b|ear\b|teeth|tooth|gum"
    r"|dose|dosed|dosing|tablet|pill|capsule|inject|infus|drug|medic|treat|therap|prescri|take[sn]?\b"
    r"|taking|took|clinic|hospital|icu|ward|weigh|kg|mg|ml|obes|thin|overweight|diet|vegan|food"
    r"|eat|ulcer|stomach|bowel|gut|nausea|vomit|diarrh|constip|cough|breath|chest|swell|edema|thyroid"
    r"|hormon|steroid|vaccin|immun|expos|overdos|addict|abus|opioid|cocaine|heroin|cannabis|user\b"
    r"|sleep|insomn|apnea|night|shift|fall(?:s|en)?\b|frail|bedrid|wheelchair|walk|stent|pacemaker|valve"
    r"|clot|dvt|embol|anemi|anaemi|sickle|gene|mutation|test|level|count|scan|egfr|crcl|creatinin"
    r"|sun\b|heat|travel|malaria|trop|altitude|asbestos|lead\b|chemical|radiat|pet\b|cat|cats|bird"
    r"|contact lens|lactos|gluten|celiac|faint|diz|severe|mild|chronic|acute|histor(?!y\b)|history of"
    r"|alone\b"
    r"|allogenic|donor|puls|rhythm|arrhyth|infarct|angina|migrain|headach|neur|muscle|weak|tired|fatigue"
    r"|memory|confus|delir|jaundic|cirrh|ascit|urin|bladder|stone|prostat|menop|period|child|baby|kids?\b)",
    re.IGNORECASE,
)
"""A clause that holds one of these is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What may matter in a question and so stays."""

    sex: bool
    origin: bool
    work: bool
    belief: bool
    cover: bool
    age: bool
    drugs: frozenset[str]


def kept_of(text: str, drugs: frozenset[str]) -> Kept:
    """What stays in a question that names ``drugs``; peoples that are compared stay."""
    genes = _ORIGIN_MATTERS.search(text) is not None or _compared().search(text) is not None
    of_origin = re.search(f"(?i){_OF_ORIGIN}", text) and (len(drugs) < 2 or _BEGUN.search(text))
    return Kept(
        sex=(sex := _SEX_MATTERS.search(text) is not None),
        origin=genes or of_origin is not None,
        work=_WORK_MATTERS.search(text) is not None,
        belief=genes or _BELIEF_MATTERS.search(text) is not None,
        cover=_COVER_MATTERS.search(text) is not None,
        age=sex or _AGE_MATTERS.search(text) is not None,
        drugs=drugs,
    )


@cache
def _compared() -> re.Pattern[str]:
    one = f"(?i:{origins(beliefs=False)})"
    return re.compile(rf"\b(?=[A-Z]){one}s?(?: \w+)? (?:or|and|than|vs\.?|versus|not)(?: in)?(?: an?)? {one}s?\b")
