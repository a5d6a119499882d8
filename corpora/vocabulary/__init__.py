"""Names of drugs beyond those of the corpus, so that a drug it does not hold is known to be a drug.

``ingredients.txt`` holds the first words of the active ingredients of Drugs@FDA (public domain), one a line.
``citerx corpora vocabulary PRODUCTS`` makes it from the product file of that database.
"""

from __future__ import annotations

import csv
import gzip
import re
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "ingredients.txt"

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


@cache
def ingredient_names() -> frozenset[str]:
    """The names, lower case."""
    return frozenset(FILE.read_text(encoding="utf-8").split())


def build(products: Path) -> list[str]:
    """The names in a Drugs@FDA product file (tab separated, gzipped or not, with a column ``ActiveIngredient``)."""
    opened = gzip.open if products.suffix == ".gz" else open
    names: set[str] = set()
    with opened(products, "rt", encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            for ingredient in (row.get("ActiveIngredient") or "").lower().split(";"):
                first = re.match(r"[a-z]{5,}\b", ingredient.strip())
                if first and first.group() not in NOT_DISTINCTIVE:
                    names.add(first.group())
    return sorted(names)
