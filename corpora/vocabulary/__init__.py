"""Names of drugs beyond those of the corpus, so that a drug it does not hold is known to be a drug.

``ingredients.txt`` holds the first words of the active ingredients of Drugs@FDA (public domain) and of the prescription
labels of openFDA (public domain; approved since), one a line.
``brands.tsv`` holds its brand names with their active ingredients, separated by semicolons.
``local.txt`` holds the first words of the ingredients that Drugs@FDA lists for a place alone: the eye, the skin, ...
``classes.tsv`` holds classes of drugs and their members (`corpora.vocabulary.classes`).
``citerx corpora vocabulary PRODUCTS LABELS FOLDER`` makes the four from the product file of that database and a folder
of zipped openFDA records. ``aliases.toml`` (everyday names of classes), ``synonyms.toml`` and
``abbreviations.tsv`` (conditions and measures as charts and as labels write them) are written by hand.
"""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpora.vocabulary.classes import build_classes, prescribed_names

FOLDER = Path(__file__).parent

NOT_DISTINCTIVE = frozenset(
    re.findall(
        r"\w+",
        """acetic acid activated alcohol alpha alum aluminum amino ammonia ammonium animal arginine ascorbic aspartic
        barium basic beef benzoic bile bismuth black boric calcium carbon cellulose chlorine choline chromic
        chromium citric coal cobalt copper corn cupric cysteine dibasic egg enzymes essential evans ethyl
        fat ferric ferrous fish flavor fluoride folic gallium gelatin glucose glutamic glutamine glycerin
        glycine gold helium horse human hydrogen hydroxy indium intrinsic iodine iron isoleucine krypton
        lactic lactose leucine lipid liver magnesium malic manganese manganous meal medical medium menthol
        mercury methyl mineral monobasic morrhuate nitric nitrogen nitrous oil olive omega oxygen papain
        pectin pegylated pepsin phenol phosphoric phosphorus polymer polymers potash potassium povidone
        proline protein purified radiolabeled red repository rubidium salicylic selenious selenium serine
        serum silver sodium soybean starch sterile strontium sucrose sulfur sulfuric tannic technetium
        thallium thallous threonine titanium tribasic triple tyrosine urea valine vegetable vitamin vitamins
        water white wheat xenon zinc caffeine ethanol dextrose""",
    )
)
"""First words that are also substances of everyday, laboratory values or qualifiers."""

_PLACES = frozenset(
    re.findall(
        r"\w+",
        "ophthalmic otic topical nasal vaginal rectal dental periodontal inhalation intravitreal intraocular",
    )
)
"""Routes of Drugs@FDA by which a drug is given to a place of the body."""


@cache
def ingredient_names() -> frozenset[str]:
    """The names of ingredients, lower case."""
    return frozenset((FOLDER / "ingredients.txt").read_text(encoding="utf-8").split())


@cache
def concept_words() -> frozenset[str]:
    """The words of ``concepts.txt`` that are longer than three letters, lower case."""
    lines = (FOLDER / "concepts.txt").read_text(encoding="utf-8").splitlines()
    listed = " ".join(line for line in lines if not line.startswith("#")).lower()
    return frozenset(re.findall(r"[a-z]{4,}", listed))


@cache
def local_names() -> frozenset[str]:
    """The names of ingredients that no product gives to the whole body (by Drugs@FDA, 2019), lower case."""
    return frozenset((FOLDER / "local.txt").read_text(encoding="utf-8").split())


@cache
def brand_names() -> dict[str, tuple[str, ...]]:
    """Brand names to their active ingredients, lower case."""
    lines = (FOLDER / "brands.tsv").read_text(encoding="utf-8").splitlines()
    return {brand: tuple(listed.split(";")) for brand, listed in (line.split("\t") for line in lines)}


@dataclass(frozen=True, slots=True)
class Synonym:
    """Another name of a drug (its ``ingredients``), or an abbreviation of it."""

    written: str
    ingredients: tuple[str, ...]
    abbreviation: bool


@cache
def synonyms() -> tuple[Synonym, ...]:
    """Other names and abbreviations that stand for one drug."""
    listed = _hand_written()
    return tuple(
        Synonym(written, tuple(drug.split(" + ")), part == "abbreviations")
        for part in ("names", "abbreviations")
        for drug, forms in listed[part].items()
        for written in forms
    )


@cache
def ambiguous_abbreviations() -> dict[str, tuple[str, ...]]:
    """Abbreviations that have been read as more than one drug, with their readings."""
    return {written: tuple(readings) for written, readings in _hand_written()["ambiguous"].items()}


@cache
def abbreviations() -> dict[str, str]:
    """Abbreviations of conditions and measures that stand for one thing alone, to the words of labels."""
    lines = (FOLDER / "abbreviations.tsv").read_text(encoding="utf-8").splitlines()
    return {line.partition("\t")[0]: line.partition("\t")[2] for line in lines}


def _hand_written() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((FOLDER / "synonyms.toml").read_text(encoding="utf-8"))


def build(products: Path, labels: Path, folder: Path) -> None:
    """Writes the four files into ``folder`` from a Drugs@FDA product file and the ``*.zip`` of openFDA in ``labels``.

    The product file is tab separated, gzipped or not, with columns ``DrugName``, ``ActiveIngredient`` and
    ``Form`` ("CREAM;TOPICAL").
    """
    ingredients: set[str] = set()
    given: dict[bool, set[str]] = {True: set(), False: set()}
    names: set[str] = set()
    brands: dict[str, set[str]] = {}
    for brand, listed, form in _products(products):
        names.update(listed)
        ingredients |= _firsts(listed)
        given[_is_local(form)] |= _firsts(listed)
        if not any(brand in name or name in brand for name in listed):
            brands.setdefault(brand, set()).add(";".join(listed))
    ingredients |= _firsts(prescribed_names(labels.glob("*.zip")))
    lines = sorted(f"{brand}\t{min(found, key=lambda text: (len(text), text))}" for brand, found in brands.items())
    (folder / "ingredients.txt").write_text("\n".join(sorted(ingredients)) + "\n", encoding="utf-8")
    (folder / "local.txt").write_text("\n".join(sorted(given[True] - given[False])) + "\n", encoding="utf-8")
    (folder / "brands.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build_classes(labels.glob("*.zip"), names, folder / "classes.tsv")


def _firsts(names: Iterable[str]) -> set[str]:
    """The first words that tell one ingredient from another."""
    firsts = (re.match(r"[a-z]{5,}\b", name) for name in names)
    return {first.group() for first in firsts if first} - NOT_DISTINCTIVE


def _is_local(form: str) -> bool:
    """Whether a form ("SOLUTION/DROPS;OPHTHALMIC, OTIC") is for places of the body alone."""
    routes = re.findall(r"[a-z]+", form.lower().partition(";")[2])
    return bool(routes) and _PLACES.issuperset(routes)


def _products(file: Path) -> Iterator[tuple[str, list[str], str]]:
    """Brand, ingredients and form of each product."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            listed = [name.strip() for name in (row.get("ActiveIngredient") or "").lower().split(";")]
            brand = " ".join((row.get("DrugName") or "").lower().split())
            if brand and all(listed):
                yield brand, listed, row.get("Form") or ""
