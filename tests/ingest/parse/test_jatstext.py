"""The text of JATS: lines without the marks of references."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.jatstext import polished
from tests.ingest.parse.fulltexts import article, document, texts


def paragraph(inner: str) -> str:
    return texts(document(article(f"<body><p>{inner}</p></body>")))["body"]


def ref(number: str) -> str:
    return f'<xref ref-type="bibr" rid="b">{number}</xref>'


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"5 mg<sup>{ref('12')}</sup> daily", "5 mg daily"),
        (f"5 mg{ref('<sup>12</sup>')}.", "5 mg."),
        (f"as known [{ref('1')}, {ref('3')}-{ref('7')}].", "as known."),
        (f"as known.[{ref('1')}–8] Then", "as known. Then"),
        (f"see e.g. [see e.g. [{ref('1')}-{ref('4')}]].", "see e.g.."[:-1]),
        (f"as known {ref('[1,2]')}, and", "as known, and"),
        (f"by Peach et al. [{ref('3')}]. Then", "by Peach et al. Then"),
        (f"Smith ({ref('2010')}) said", "Smith said"),
        (f"Smith, {ref('2010')}, said", "Smith, 2010, said"),
        (f"{ref('Smith et al. [12]')} said", "Smith et al. said"),
        (f"it is ({ref('Wu and Ho, 2010')}; see {ref('Li 2011a')}).", "it is."),
        (f"it is (n = 5 men; {ref('Wu 2010')})", "it is (n = 5 men; Wu 2010)"),
        (f"dose (5 mg {ref('3')})", "dose (5 mg)"),
        (f"area in m<sup>2</sup> {ref('4')} and", "area in m² and"),
        (f"({ref('1')}) and <sup>131</sup>I (12)", "and ¹³¹I (12)"),
        ("a &lt; 2 &#x1F600; &#8238;b&#8236; c&#173;d", "a < 2 😀 b cd"),
        ("x <disp-formula><graphic/></disp-formula> y", "x [formula] y"),
        ("<tex-math>\\begin{document}$$a+b$$\\end{document}</tex-math>", "a+b"),
        ("&nbsp;5&nbsp;&alpha;", "5 α"),
    ],
)
def test_marks_of_references_go(inner: str, expected: str) -> None:
    assert paragraph(inner) == expected


@given(st.text(max_size=60))
def test_a_line_is_always_one_clean_line(text: str) -> None:
    line = polished(text)
    assert "\n" not in line
    assert not re.search("[\ue000-\ue003]", polished(f"\ue000{text}"))
