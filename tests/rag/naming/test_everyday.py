"""What is taken or done beside a drug without being the drug."""

from __future__ import annotations

import pytest

from rag.drugs import Mention
from rag.naming.everyday import ANYWHERE, PARTNERS, beside, partner_words


def drug(text: str, name: str) -> Mention:
    start = text.casefold().index(name)
    return Mention((name,), name, start, start + len(name), "generic")


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("She gave up smoking; what of her olanzapine?", "olanzapine", ("smoking",)),
        ("Theophylline level since he started smoking", "theophylline", ("smoking",)),
        ("olanzapine and smoking", "olanzapine", ("smoking",)),
        ("Bupropion to stop smoking: dose?", "bupropion", ()),
        ("bupropion for smoking cessation", "bupropion", ()),
        ("a smoker on olanzapine", "olanzapine", ()),
        ("Which foods to avoid on linezolid?", "linezolid", ("food",)),
        ("What food should I stay away from with linezolid?", "linezolid", ("food",)),
        ("metformin with food?", "metformin", ()),
        ("Will carbamazepine affect the pill?", "carbamazepine", ("contraceptive",)),
        ("How does one swallow the pill of warfarin?", "warfarin", ()),
        ("May I drink alcohol again after tinidazole?", "tinidazole", ("alcohol",)),
        ("smoking", "smoking", ()),
    ],
)
def test_what_a_question_asks_about_beside_its_drug(text: str, name: str, found: tuple[str, ...]) -> None:
    assert beside(text, [drug(text, name)]) == found


def test_without_a_drug_nothing_is_beside_it() -> None:
    assert beside("Which foods should I avoid since I stopped smoking?", []) == ()


def test_every_substance_has_words_of_labels() -> None:
    for words in (*PARTNERS.values(), *ANYWHERE.values()):
        assert set(words) <= set(partner_words([words[0]]))
