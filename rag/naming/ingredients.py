"""Canonical ingredient names: what makes "propafenone HCl", "PROPAFENONE HYDROCHLORIDE" and a tablet of it one drug.

A drug key is a lower-case ingredient name without salt, ester, hydrate, dosage form, strength and biologic suffix. Each
ingredient of a combination is a key of its own, so a combination is found by any of them. Forms that are not
interchangeable although they share an active part (liposomal, conjugated antibodies) keep their own key because their
names differ by more than a salt; depot esters do not, and are told apart later by the exact words of the question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ingest.schema import DrugNames


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``: how the word lists of this package are written."""
    return frozenset(text.split())


CATIONS = word_set("sodium disodium potassium calcium magnesium aluminum zinc ferric ferrous ammonium")
"""Stripped before a name as well as after it: "sodium oxybate", "naproxen sodium"."""

SALTS = CATIONS | word_set(
    """hydrochloride dihydrochloride hcl hydrobromide hbr bromide chloride iodide fluoride hydroxide oxide sulfate
    sulphate bisulfate hemisulfate nitrate phosphate diphosphate carbonate bicarbonate acetate diacetate citrate
    tartrate bitartrate maleate hydrogen fumarate hemifumarate succinate hemisuccinate malate s-malate mesylate
    mesilate dimesylate besylate besilate esylate edisylate tosylate ditosylate camsylate isethionate napsylate
    oxalate gluconate lactate aspartate pamoate embonate benzoate salicylate stearate palmitate laurate lauroxil
    valerate propionate dipropionate furoate decanoate enanthate cypionate undecanoate caproate hexacetonide
    acetonide pivoxil axetil proxetil medoxomil etexilate mofetil trometamol tromethamine meglumine dimeglumine
    olamine erbumine lysine arginine choline polacrilex methylsulfate ethanolate anhydrous hydrate hemihydrate
    monohydrate dihydrate trihydrate tetrahydrate sesquichlorohydrate pentahydrate hemipentahydrate heptahydrate
    hyclate monosodium sesquihydrate xinafoate"""
)
"""Words that name a salt, an ester or a hydrate and are dropped after the name they belong to."""

DILUENTS = frozenset({"dextrose", "water", "sodium chloride", "sterile water", "lactose", "mannitol"})
"""Carriers that a generic name may list ("bupivacaine in dextrose") and that make no combination."""

FORMS = word_set(
    """tablet tablets capsule capsules caplet solution suspension injection injectable ointment cream gel lotion spray
    suppository powder syrup elixir drops patch kit film aerosol inhalation ophthalmic otic nasal topical oral
    intravenous extended-release delayed-release immediate-release chewable usp for antiseptic lipid liposomal
    """
)
"""A dosage form: what follows it in a generic name is not part of the ingredient."""

_SEPARATOR = re.compile(r"\s*(?:,|;|/|\+|&|\band\b|\bwith\b|\bin\b)\s*")
_STRENGTH = re.compile(r"^(?:\d+(?:\.\d+)?(?:%|mg|mcg|ml|g|units?)?|\.\d+%?)$")
_BIOLOGIC_SUFFIX = re.compile(r"(?<=[a-z]{5})-[a-z]{4}$")
_BIOLOGIC_PREFIX = re.compile(r"^(?:ado|fam|ziv|tbo)-(?=[a-z]{5})")


def fold(name: str) -> str:
    """``name`` in NFKC, lower case, white space folded to single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def canonical(name: str) -> str:
    """The key of one ingredient as a source spells it; empty where nothing of the name is left.

    >>> canonical("PROPAFENONE HYDROCHLORIDE"), canonical("Sodium Oxybate"), canonical("potassium chloride")
    ('propafenone', 'oxybate', 'potassium chloride')
    >>> canonical("mogamulizumab-kpkc"), canonical("travoprost ophthalmic solution, 0.004%")
    ('mogamulizumab', 'travoprost')
    """
    words = _without_form([word.strip(",.;()[]") for word in fold(name).split()])
    bare = _without_salts(words)
    return _BIOLOGIC_SUFFIX.sub("", _BIOLOGIC_PREFIX.sub("", " ".join(bare)))


def ingredients(name: str) -> tuple[str, ...]:
    """The keys of all ingredients that a generic name lists, in its order, carriers left out.

    >>> ingredients("HYDRALAZINE HYDROCHLORIDE AND ISOSORBIDE DINITRATE")
    ('hydralazine', 'isosorbide dinitrate')
    """
    keys = unique(canonical(part) for part in _SEPARATOR.split(fold(name)))
    return tuple(key for key in keys if key not in DILUENTS) or keys


def keys_of(names: DrugNames) -> tuple[str, ...]:
    """The drug keys of a document: of its substances where it lists them, and of what else a generic name lists.

    Substances are spelt more uniformly than generic names, but some carry a solvate ("trametinib dimethyl sulfoxide"),
    so the shorter of two names of one ingredient is its key. Without substances the generic names decide.
    """
    lists = [ingredients(name) for name in names.generic]
    generics = unique(key for keys in lists for key in keys)
    substances = unique(_shorter(key, generics) for name in names.substance for key in ingredients(name))
    if not substances:
        return generics
    combined = [key for keys in lists if len(keys) > len(substances) for key in keys]
    return unique((*substances, *(key for key in combined if not _same(key, substances))))


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """The non-empty values without repetition, in order."""
    return tuple(dict.fromkeys(value for value in values if value))


def _without_form(words: list[str]) -> list[str]:
    """The words from the first that is no dosage form or strength up to the next that is one."""
    marks = [word in FORMS or _STRENGTH.match(word) is not None for word in words]
    start = marks.index(False) if False in marks else len(words)
    end = marks.index(True, start) if True in marks[start:] else len(words)
    return words[start:end]


def _without_salts(words: list[str]) -> list[str]:
    """Salts dropped at the end and cations at the front; a name that is only salts ("sodium chloride") stays whole."""
    end = len(words)
    while end > 1 and words[end - 1] in SALTS:
        end -= 1
    start = 0
    while start < end - 1 and words[start] in CATIONS:
        start += 1
    return words if all(word in SALTS for word in words[start:end]) else words[start:end]


def _shorter(key: str, others: tuple[str, ...]) -> str:
    """The name among ``others`` whose words are all in ``key``, else ``key``."""
    return next((other for other in others if set(other.split()) < set(key.split())), key)


def _same(key: str, others: tuple[str, ...]) -> bool:
    """Whether one of ``others`` names the same ingredient: the words of one are among the other's."""
    words = set(key.split())
    return any(words <= set(other.split()) or set(other.split()) <= words for other in others)
