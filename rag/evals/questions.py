"""Questions on labels with the sections that answer them: data (``corpora/questions/*.toml``), split by drug."""

from __future__ import annotations

import hashlib
import tomllib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import EvaluationError
from rag.naming.ingredients import ingredients, unique

Split = Literal["tune", "measure", "mixed"]
Style = Literal["generic", "brand", "misspelt", "two-drug", "population"]
Text = Annotated[str, Field(min_length=1)]
Model = TypeVar("Model", bound=BaseModel)
STARTER = "starter"
"""The kind of a set that `rag.evals.starter` reads."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what answers it. ``drugs``: generic names; several of them are the ingredients of one combination,
    but in the style ``two-drug`` a drug each.

    ``beside``: drugs that the text names besides; their labels do not answer and are no wrong drug's either.
    ``sections``: label slugs any of which answers. ``document``: the one that it was written from. ``slice`` and
    ``style`` group the report. Questions of the literature name no drugs: their set says what answers them.
    """

    id: str
    text: str
    set: str
    split: Split
    drugs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    document: str = ""
    sections: tuple[str, ...] = ()
    slice: str = ""
    style: str = ""

    @property
    def groups(self) -> tuple[frozenset[str], ...]:
        """The drug keys asked for, a set for each drug; a combination is one set of several keys."""
        named = tuple(frozenset(ingredients(drug)) for drug in self.drugs)
        return named if self.style == "two-drug" else (frozenset().union(*named),) if named else ()

    @property
    def keys(self) -> frozenset[str]:
        """All drug keys asked for."""
        return frozenset().union(*self.groups)

    @property
    def named(self) -> frozenset[str]:
        """All drug keys that the text names: those asked for and those beside."""
        return self.keys.union(*(ingredients(drug) for drug in self.beside))


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """One file; ``sha256`` is over its bytes."""

    name: str
    description: str
    questions: tuple[Question, ...]
    sha256: str


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Text
    kind: Literal["label"]
    description: Text


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Text
    text: Text
    drugs: Annotated[tuple[Text, ...], Field(min_length=1)]
    beside: tuple[Text, ...] = ()
    document: str = ""
    sections: Annotated[tuple[Text, ...], Field(min_length=1)]
    slice: Text
    style: Style


def side(key: str) -> Literal["tune", "measure"]:
    """Which half of the drugs a drug key belongs to: a checksum decides, so that no list has to be kept."""
    return "tune" if zlib.crc32(key.encode()) % 2 else "measure"


def split_of(drugs: Iterable[str]) -> Split:
    """The half that all ingredients of all ``drugs`` (generic names) belong to.

    A question whose drugs lie in both halves is ``mixed`` and in neither, so that no drug of one is in the other.
    """
    sides = {side(key) for drug in drugs for key in ingredients(drug)}
    return sides.pop() if len(sides) == 1 else "mixed"


def load(folder: Path) -> tuple[QuestionSet, ...]:
    """Every set of the folder, by file name; raises `EvaluationError` with file and question.

    A file without any ``[set]`` and ``[[question]]`` holds other data and is passed over, as is a set of the kind
    ``starter``.
    """
    contents = {path: content_of(path) for path in sorted(folder.glob("*.toml"))}
    sets = tuple(_read(path, *found) for path, found in contents.items() if _is_ours(found[1]))
    seen: dict[str, str] = {}
    for one in sets:
        for question in one.questions:
            if question.id in seen:
                raise EvaluationError(f"{folder}: question {question.id!r} is in {seen[question.id]} and in {one.name}")
            seen[question.id] = one.name
    if len({one.name for one in sets}) < len(sets):
        raise EvaluationError(f"{folder}: two files have the same set name")
    return sets


def _is_ours(content: dict[str, Any]) -> bool:
    head = content.get("set")
    return bool(content.keys() & {"set", "question"}) and not (isinstance(head, dict) and head.get("kind") == STARTER)


def content_of(path: Path) -> tuple[bytes, dict[str, Any]]:
    """A data file's bytes and tables; raises `EvaluationError`."""
    try:
        raw = path.read_bytes()
        return raw, tomllib.loads(raw.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}") from error


def _read(path: Path, raw: bytes, content: dict[str, Any]) -> QuestionSet:
    if unknown := set(content) - {"set", "question"}:
        raise EvaluationError(f"{path}: unknown tables {sorted(unknown)}; there are [set] and [[question]]")
    head = valid(_Head, content.get("set", {}), f"{path}: [set]")
    questions = []
    for number, row in enumerate(content.get("question", []), 1):
        name = row.get("id", "without id") if isinstance(row, dict) else "no table"
        read = valid(_Row, row, f"{path}: question {number} ({name})")
        questions.append(Question(set=head.name, split=split_of(read.drugs), **read.model_dump()))
    ids = [question.id for question in questions]
    if len(unique(ids)) < len(ids):
        raise EvaluationError(f"{path}: question {next(name for name in ids if ids.count(name) > 1)!r} is there twice")
    return QuestionSet(head.name, head.description, tuple(questions), hashlib.sha256(raw).hexdigest())


def valid(model: type[Model], values: object, place: str) -> Model:
    """One row of such a file; raises `EvaluationError` that names its ``place``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise EvaluationError(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
