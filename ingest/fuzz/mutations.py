"""Damage to files: pure functions of bytes and a seeded generator, which give the bytes with something wrong.

What finds nothing to damage (a tag where there is none) flips a bit instead, so that no mutant is the file itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Mutation = Callable[[bytes, random.Random], bytes]

MAX_BYTES = 512 << 10
"""How long a mutant may grow, unless it was longer before: nesting and repeated runs stop there."""

_TAG = re.compile(rb"</?[A-Za-z][^<>]{0,300}>")
_ELEMENT = re.compile(rb"<([A-Za-z][\w:.-]*)(?:\s[^<>]{0,300})?>(?:(?!<\1[\s/>])[^\0]){0,2000}?</\1>")
_ATTRIBUTE = re.compile(rb"([\w:-]+)=(\"[^\"<>]{0,300}\"|'[^'<>]{0,300}')")
_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_DATE = re.compile(rb"(?:19|20)\d\d-?[01]\d(?:-?[0-3]\d)?|<(Year|Month|Day|year|month|day)>[^<]{1,12}")
_VALUE = re.compile(rb"(?<=[:\[,])\s*(?:\"(?:[^\"\\]|\\.){0,200}\"|-?\d+(?:\.\d+)?|true|false|null)")
_BRACKET = re.compile(rb"[{}\[\],:\"]")
_ROOT = re.compile(rb"<[A-Za-z][^<>]{0,300}>")
_TEXT = re.compile(rb">\s*[^<>\s][^<>]*<")
_REFERENCE = re.compile(rb"\d+ 0 R\b|/(?:Length|Count|Size|Prev|W|First|N|Predictor|Columns)\b[ \[]*\d+")
_HEADER = re.compile(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06|PK\x06\x06|PK\x06\x07|ustar|\x1f\x8b\x08")

NUMBERS = (b"0", b"-1", b"1e999", b"NaN", b"99999999999999999999", b"18446744073709551616", b"007", b"1" * 5000,
           "٣".encode(), "²".encode(), b"")  # fmt: skip
DATES = (b"2024-13-45", b"20240230", b"0000-00-00", b"9999-12-31", b"99999-01-01", b"2024-02-30", b"20249999",
         b"0000", b"2024", b"-2024-01-01", b"13/32/2024", "٢٠٢٤-٠١-٠١".encode(), b"Spring")  # fmt: skip
VALUES = (b"null", b"[]", b"{}", b"true", b"-1", b"1e999", b'""', b'"\\ud800"', b'"\\u0000"', b"[[[[]]]]",
          b'{"a": {"b": []}}', b"123456789012345678901234567890", b'["x", 1, null, {}]', b'"\\u202e"')  # fmt: skip
ODD = {
    "nul": (b"\0", b"\\u0000", b"&#0;", b"\0" * 50),
    "surrogate": (b"\xed\xa0\x80", b"\xed\xb0\x80", b"\\ud83d", b"\\udc00\\ud800", b"&#xD800;"),
    "direction": ("\u202e".encode(), "\u2066\u2069".encode(), "\u200f\u061c".encode(), b"\\u202e", b"&#x202E;"),
    "unseen": (
        "\U000e0041\U000e0042".encode(),
        "\ufe0f\U000e0100".encode(),
        "\u115f\u3164\uffa0".encode(),
        b"\\u034f\\u2063",
        b"&#xE0041;",
        "\u200b\xad\ufeff".encode(),
    ),
    "control": (b"\x1b[31m", b"\x08\x7f", b"\xc2\x85", "\u2028\u2029".encode(), b"\\u001b", b"&#27;", b"\r", b"\x0c"),
    "encoding": (b"\xff", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\xff\xfe", "\U0010ffff\ufffe".encode()),
}
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\x2b\x2f\x76\x38")
CODECS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp1252", "cp500")
TYPES = (
    b'<!DOCTYPE %s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY x "&d;&d;&d;&d;&d;&d;&d;&d;">]>',
    b'<!DOCTYPE %s [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    b'<!DOCTYPE %s [<!ENTITY %% p SYSTEM "http://127.0.0.1:9/p.dtd">%%p;]>',
    b'<!DOCTYPE %s SYSTEM "http://127.0.0.1:9/x.dtd">',
    b'<!DOCTYPE %s [<!ATTLIST %s id CDATA "added">]>',
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """The damaged bytes, and the names of what was done to them, in order.

    ``before`` and ``after``: the file as it was and as it is, where it was damaged before it was packed, if it was.
    """

    data: bytes
    steps: tuple[str, ...]
    before: bytes = b""
    after: bytes = b""


def mutate(data: bytes, rng: random.Random, names: tuple[str, ...]) -> Mutant:
    """``data`` after one to three of the mutations called ``names``."""
    steps = tuple(rng.choice(names) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    before, most = data, max(MAX_BYTES, len(data))
    for step in steps:
        changed = MUTATIONS[step](data, rng)[:most]
        data = flip_bits(data, rng) if changed == data else changed
    return Mutant(data, steps, before, data)


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    """One to twenty bits are turned."""
    changed = bytearray(data or b"\0")
    # Odd in number and of different bytes: no two of them undo each other.
    for at in rng.sample(range(len(changed)), min(len(changed), rng.choice((1, 1, 3, 20)))):
        changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The file ends too soon."""
    return data[: rng.randrange(len(data) + 1)]


def cut_head(data: bytes, rng: random.Random) -> bytes:
    """The file begins too late."""
    return data[rng.randrange(min(len(data), 4096) + 1) :]


def _run(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 10, 100, 1000, 10_000)))


def drop_run(data: bytes, rng: random.Random) -> bytes:
    """A stretch is lost."""
    start, end = _run(data, rng)
    return data[:start] + data[end:]


def repeat_run(data: bytes, rng: random.Random) -> bytes:
    """A stretch comes twice, or very often."""
    start, end = _run(data, rng)
    times = min(rng.choice((1, 2, 50, 100_000)), MAX_BYTES // max(1, end - start))
    return data[:end] + data[start:end] * times + data[end:]


def move_run(data: bytes, rng: random.Random) -> bytes:
    """A stretch stands elsewhere."""
    start, end = _run(data, rng)
    rest = data[:start] + data[end:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def overwrite(data: bytes, rng: random.Random) -> bytes:
    """A stretch is noise, or one byte over and over."""
    start, end = _run(data, rng)
    noise = rng.randbytes(end - start) if rng.random() < 0.5 else bytes([rng.choice((0, 32, 48, 255))]) * (end - start)
    return data[:start] + noise + data[end:]


def _spans(pattern: re.Pattern[bytes], data: bytes) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(data)]


def _replaced(data: bytes, span: tuple[int, int], new: bytes) -> bytes:
    return data[: span[0]] + new + data[span[1] :]


def swap_tags(data: bytes, rng: random.Random) -> bytes:
    """Two tags trade places, or one goes, or comes twice."""
    tags = _spans(_TAG, data)
    if len(tags) < 2:
        return data
    one, other = sorted(rng.sample(tags, 2))
    first, second = data[slice(*one)], data[slice(*other)]
    how = rng.randrange(3)
    if how == 0:
        return _replaced(_replaced(data, other, first), one, second)
    return _replaced(data, one, b"" if how == 1 else first * 2)


def move_element(data: bytes, rng: random.Random) -> bytes:
    """An element with all that is in it goes, is emptied, comes often, stands elsewhere, or takes another one's place.

    The file stays well-formed, so that the parser reads on and meets what it does not expect.
    """
    found = list(_ELEMENT.finditer(data, rng.randrange(len(data) // 2 + 1)))
    if not found:
        return data
    match, other = rng.choice(found), rng.choice(found)
    name, at = match[1], other.start()
    how = rng.randrange(6)
    if how == 0:
        return data[:at] + match[0] + data[at:]
    new = (b"", b"<%s/>" % name, match[0] * rng.choice((2, 300)), other[0], b"<%s>%s</%s>" % (name, match[0], name))
    return _replaced(data, match.span(), new[how - 1])


def damage_attribute(data: bytes, rng: random.Random) -> bytes:
    """An attribute gets another value, another name, no quotes, a twin, or a great length."""
    found = list(_ATTRIBUTE.finditer(data))
    if not found:
        return data
    match, other = rng.choice(found), rng.choice(found)
    name, value = match[1], match[2]
    new = rng.choice((
        name + b"=" + other[2], other[1] + b"=" + value, name + b"=", name + b"=" + value[1:-1], name + b'="-1"',
        match[0] + b" " + match[0], name + b'="' + b"9" * 20_000 + b'"', name + b'="\xe2\x80\xae"', name + b'="&x;"',
    ))  # fmt: skip
    return _replaced(data, match.span(), new)


def _one_of(pattern: re.Pattern[bytes], values: tuple[bytes, ...]) -> Mutation:
    def changed(data: bytes, rng: random.Random) -> bytes:
        found = _spans(pattern, data)
        return _replaced(data, rng.choice(found), rng.choice(values)) if found else data

    return changed


def _odd(values: tuple[bytes, ...]) -> Mutation:
    def changed(data: bytes, rng: random.Random) -> bytes:
        for _ in range(rng.choice((1, 1, 5))):
            at = rng.randrange(len(data) + 1)
            data = data[:at] + rng.choice(values) + data[at:]
        return data

    return changed


def damage_date(data: bytes, rng: random.Random) -> bytes:
    """A date becomes one that is none."""
    found = list(_DATE.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    tag = b"<" + match[1] + b">" if match[1] else b""
    return _replaced(data, match.span(), tag + rng.choice(DATES))


def swap_values(data: bytes, rng: random.Random) -> bytes:
    """Two JSON values trade places."""
    found = _spans(_VALUE, data)
    if len(found) < 2:
        return data
    one, other = sorted(rng.sample(found, 2))
    first, second = data[slice(*one)], data[slice(*other)]
    return _replaced(_replaced(data, other, first), one, second)


def wrong_mark(data: bytes, rng: random.Random) -> bytes:
    """A byte order mark that the encoding does not have."""
    return rng.choice(BOMS) + data


def recode(data: bytes, rng: random.Random) -> bytes:
    """Another encoding than the file declares."""
    return data.decode("utf-8", "replace").encode(rng.choice(CODECS), "replace")


def nest(data: bytes, rng: random.Random) -> bytes:
    """An element, bracket or mark opens very often, and closes or not."""
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<div>", b"</div>"), (b"<sec>", b"</sec>"),
        (b"<p><b>", b"</b></p>"), (b"<table><tr><td>", b"</td></tr></table>"), (b"> ", b""), (b"**_", b"_**"),
        (b"<</K[", b"]>>"), (b"(", b")")))  # fmt: skip
    times = rng.choice((10, 300, 3000, 100_000))
    spans = _spans(_TAG, data) or _spans(_BRACKET, data) or [(0, 0)]
    at = rng.choice(spans)[1]
    return data[:at] + opening * times + (closing * times if rng.random() < 0.5 else b"") + data[at:]


def declare(data: bytes, rng: random.Random) -> bytes:
    """A document type declaration before the root, and an entity of it in a text."""
    root = _ROOT.search(data)
    if not root:
        return data
    name = re.split(rb"[\s/>]", root[0][1:])[0]
    declared = rng.choice(TYPES).replace(b"%s", name).replace(b"%%", b"%")
    texts = [match.start() + 1 for match in _TEXT.finditer(data, root.end())]
    at = rng.choice(texts) if texts else len(data)
    return data[: root.start()] + declared + data[root.start() : at] + b"&x;" + data[at:]


def damage_archive(data: bytes, rng: random.Random) -> bytes:
    """A field near a header of a zip, tar or gzip archive gets a value at the edge of what it can hold."""
    headers = [match.start() for match in _HEADER.finditer(data)]
    if not headers:
        return data
    at = min(len(data), rng.choice(headers) + rng.randrange(4, 60) - (200 if rng.random() < 0.2 else 0))
    value = rng.choice((b"\0", b"\xff", b"\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0", b"../../x", b"\x08"))
    return data[: max(at, 0)] + value + data[max(at, 0) + len(value) :]


MUTATIONS: dict[str, Mutation] = {
    "bits": flip_bits, "cut": cut, "cut head": cut_head, "drop": drop_run, "repeat": repeat_run, "move": move_run,
    "overwrite": overwrite, "tags": swap_tags, "element": move_element,
    "attribute": damage_attribute, "number": _one_of(_NUMBER, NUMBERS),
    "date": damage_date, "value": _one_of(_VALUE, VALUES), "values": swap_values, "mark": wrong_mark,
    "recode": recode, "nest": nest, "declare": declare, "archive": damage_archive,
    "bracket": _one_of(_BRACKET, (b"", b"{", b"}", b"[", b"]", b'"', b",", b"\\")),
    "reference": _one_of(_REFERENCE, (b"1 0 R", b"2 0 R", b"3 0 R", b"5 0 R", b"999999 0 R", b"/Length 0",
                                      b"/Length 999999999", b"/Count -1", b"/Count 99999999", b"/Prev 0",
                                      b"/Size 2147483647", b"/W [8", b"/Columns 99999999", b"/First -1")),
} | {name: _odd(values) for name, values in ODD.items()}  # fmt: skip

BYTES = ("bits", "cut", "cut head", "drop", "repeat", "move", "overwrite")
ENCODING = (*ODD, "mark", "recode")
XML = (*BYTES, *ENCODING, "tags", *("element",) * 6, *("attribute",) * 3, "number", "date", "nest", "declare")
JSON = (*BYTES, *ENCODING, *("value",) * 4, *("values",) * 3, "bracket", "number", "date", "nest")
TEXT = (*BYTES, *ENCODING, "number", "date", "nest")
PDF = (*BYTES, *("reference",) * 3, "number", "nul", "nest")
ARCHIVE = (*BYTES, "archive")
