"""Classes of drugs and their members, from what openFDA label records and WHO stems say.

``classes.tsv`` has one line for each class and member: the class, its kind (``everyday`` or that of openFDA: ``epc``,
``moa``, ``cs``), an ingredient, and why it is one: ``openfda`` (a record of that single substance carries the class),
``stem``, ``label`` (a label says of its own drug that it is one), ``named`` (by ``aliases.toml``).
"""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

KINDS = ("epc", "moa", "cs")
"""Established pharmacologic class, mechanism of action, chemical structure; physiologic effects are no classes."""

SAYING = ("description", "indications_and_usage", "mechanism_of_action", "clinical_pharmacology", "pharmacodynamics")
"""Sections in which a label says what its drug is."""

_TAG = re.compile(r"\s*\[[^\]]*\]$")

Members = Mapping[str, Mapping[str, set[str]]]
"""Class to ingredient to reasons."""


@dataclass(frozen=True, slots=True)
class Alias:
    """An everyday class: what it is called, and where its members come from (``aliases.toml`` explains the fields)."""

    name: str
    written: tuple[str, ...]
    says: tuple[str, ...]
    sources: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    of: tuple[str, ...] = ()

    def fits(self, name: str) -> bool:
        """Whether a stem of the class ends the name's first word or its "-ic acid", or begins it."""
        first = name.split(maxsplit=1)[0]
        acid = name.endswith(" acid") and name.endswith(self.stems)
        return bool(self.stems and (first.endswith(self.stems) or acid)) or name.startswith(self.begins or ("\0",))


@cache
def aliases() -> tuple[Alias, ...]:
    """The everyday classes of ``aliases.toml``."""
    rows = tomllib.loads((FOLDER / "aliases.toml").read_text(encoding="utf-8"))["class"]
    return tuple(_alias(row) for row in rows)


def _alias(row: Mapping[str, Any]) -> Alias:
    lists = {name: tuple(row.get(name, ())) for name in ("written", "sources", "stems", "begins", "names", "of")}
    says = tuple(row.get("says", [form for form in row["written"] if len(form) > 6 and " " in form]))
    return Alias(row["name"], says=says, excepted=tuple(row.get("except", ())), **lists)


@cache
def class_members() -> dict[tuple[str, str], tuple[str, ...]]:
    """Kind and class to ingredients, lower case, as the sources spell them."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for line in (FOLDER / "classes.tsv").read_text(encoding="utf-8").splitlines():
        name, kind, ingredient, _ = line.split("\t")
        found[kind, name].append(ingredient)
    return {key: tuple(members) for key, members in found.items()}


def build_classes(labels: Iterable[Path], listed: Iterable[str], file: Path) -> None:
    """Writes ``classes.tsv`` from zipped openFDA records and further ingredient names (of Drugs@FDA)."""
    stated: dict[str, set[str]] = defaultdict(set)
    said: dict[str, set[str]] = defaultdict(set)
    names = set(_names(listed))
    for record in _records(labels):
        block = record.get("openfda", {})
        own = list(_names(block.get("substance_name", block.get("generic_name", ()))))
        names.update(own)
        if len(own) != 1:
            continue
        for name in _classes(block):
            stated[name].add(own[0])
        for alias in _said(record, own[0]):
            said[alias].add(own[0])
    rows = [*_openfda_rows(stated), *_everyday_rows(stated, said, names)]
    file.write_text("".join("\t".join(row) + "\n" for row in sorted(rows)), encoding="utf-8")


def prescribed_names(labels: Iterable[Path]) -> Iterator[str]:
    """The substances, else the generic names, of the prescription labels among zipped openFDA records, lower case."""
    for record in _records(labels):
        block = record.get("openfda", {})
        if "HUMAN PRESCRIPTION DRUG" in block.get("product_type", ()):
            yield from _names(block.get("substance_name", block.get("generic_name", ())))


def _names(listed: Iterable[str]) -> Iterator[str]:
    """The names in lower case, without the brackets and strays of Drugs@FDA."""
    return (bare for name in listed if (bare := " ".join(name.lower().strip(" ().,").split())))


def _records(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in sorted(files):
        with zipfile.ZipFile(file) as archive:
            for part in archive.namelist():
                yield from json.loads(archive.read(part))["results"]


def _classes(block: Mapping[str, list[str]]) -> list[str]:
    return [name for kind in KINDS for name in block.get(f"pharm_class_{kind}", ()) if _kind(name)]


def _kind(name: str) -> str:
    kind = name.rpartition("[")[2].rstrip("]").lower()
    return kind if kind in KINDS else ""


def _openfda_rows(stated: Mapping[str, set[str]]) -> Iterator[tuple[str, str, str, str]]:
    for name, members in stated.items():
        yield from ((_TAG.sub("", name), _kind(name), member, "openfda") for member in members)


def _everyday_rows(
    stated: Mapping[str, set[str]], said: Mapping[str, set[str]], names: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    members: dict[str, dict[str, set[str]]] = {alias.name: _members(alias, stated, said, names) for alias in aliases()}
    for alias in aliases():
        for part in alias.of:
            for member, reasons in members[part].items():
                members[alias.name].setdefault(member, set()).update(reasons)
    for name, found in members.items():
        yield from ((name, "everyday", member, ",".join(sorted(reasons))) for member, reasons in found.items())


def _members(
    alias: Alias, stated: Mapping[str, set[str]], said: Mapping[str, set[str]], names: set[str]
) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for source in alias.sources:
        for member in stated.get(source, ()):
            found[member].add("openfda")
    for member in filter(alias.fits, names):
        found[member if alias.begins else _stemmed(alias, member)].add("stem")
    for member in said.get(alias.name, ()):
        found[member].add("label")
    for member in alias.names:
        found[member].add("named")
    return {member: reasons for member, reasons in found.items() if not member.startswith(alias.excepted or ("\0",))}


def _stemmed(alias: Alias, name: str) -> str:
    """The first word where the stem ends it: salts and esters of one ingredient are one member."""
    first = name.split(maxsplit=1)[0]
    return first if first.endswith(alias.stems) else name


@cache
def _sayings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each class with what says that something is one of it: "is a (few words) X"."""
    return tuple(
        (alias.name, re.compile(rf"(?:{'|'.join(_spaced(form) for form in alias.says)})s?\b"))
        for alias in aliases()
        if alias.says
    )


def _spaced(form: str) -> str:
    return r"[\s-]?".join(map(re.escape, re.split(r"[\s-]+", form.lower())))


_IS = re.compile(r"[^.;:]{0,60}?\bis an?\s((?:[\w/,()-]+\s){0,7}?[^.;:]{0,50})")


def _said(record: Mapping[str, Any], drug: str) -> set[str]:
    """The everyday classes that a label says its drug to be one of, in a sentence that begins with the drug."""
    text = " ".join(part for section in SAYING for part in record.get(section, ())).lower()
    found: set[str] = set()
    for start in re.finditer(rf"\b{re.escape(drug.split(maxsplit=1)[0])}\b", text):
        statement = _IS.match(text, start.end())
        if statement:
            words = statement.group(1)
            found |= {name for name, says in _sayings() if (hit := says.search(words)) and _plain(words[: hit.start()])}
    return found


def _plain(words: str) -> bool:
    """Whether nothing between "is a" and the class turns it away: "... prodrug of", "... used with"."""
    return not re.search(
        r"\b(?:of|with|to|for|not|than|by|in|that|which|used|unlike|from|substrate|and|or|non)\b", words
    )
