"""Whether a drug may be given in a condition is answered first by what the label says of that condition."""

from __future__ import annotations

import pytest

from rag.asked.conditions import TELLING, tells_condition
from rag.dense import HashEmbedder
from rag.evidence import select
from rag.query import understand
from rag.sentences.selectors import Plain
from tests.rag.bookshelf import Bookshelf, document

SHELF = Bookshelf(
    [
        document(
            "label:x:1",
            [
                ("contraindications", "Xanol should not be given to patients with severe asthma."),
                (
                    "warnings",
                    "Convulsions have occurred with this medicine. Hypoglycemia has been reported with xanol.",
                ),
                ("overdosage", "Overdose of xanol brings seizures."),
            ],
            "xanol",
        )
    ]
)


@pytest.mark.parametrize(
    "question",
    [
        "Should xanol be given to a patient with epilepsy?",
        "Is xanol safe in epilepsy?",
        "Can someone with a history of seizures take xanol?",
        "Can an epileptic take xanol?",
    ],
)
def test_the_condition_decides_what_comes_first(question: str) -> None:
    query = understand(question, SHELF.resolver())
    found = select(query, SHELF.search(query, 24), Plain(HashEmbedder(256)))
    assert found[0].text.startswith("Convulsions")
    assert all(item.score < TELLING for item in found[1:])


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        ("Is xanol safe in epilepsy?", "Seizures have occurred.", True),
        ("Can a man without epilepsy take xanol?", "Seizures have occurred.", False),
        ("Can a man with no history of epilepsy take xanol?", "Seizures have occurred.", False),
        ("Can a man with gout but not epilepsy take xanol?", "Seizures have occurred.", False),
        ("Can a man with epilepsy and no gout take xanol?", "Seizures have occurred.", True),
        ("Is xanol safe in epilepsy?", "Rash has occurred.", False),
        ("Is xanol safe in pregnancy?", "Rash has occurred in pregnancy.", False),  # the rules for patients tell
        ("What is the dose of xanol in epilepsy?", "Seizures have occurred.", False),
        ("Can xanol cause seizures?", "Seizures have occurred.", False),
    ],
)
def test_only_where_it_is_asked_whether_the_drug_may_be_given(question: str, text: str, told: bool) -> None:
    query = understand(question, SHELF.resolver())
    hits = {hit.passage.section: hit for hit in SHELF.search(query, 24)}
    assert tells_condition(query, hits["warnings"], text) is told
    assert not tells_condition(query, hits["overdosage"], text)
