"""A question with evidence for it, made without search and selection: for tests of what comes after them."""

from __future__ import annotations

from rag.query import Query, understand
from rag.types import Evidence, Hit
from tests.rag.bookshelf import Bookshelf, corpus

PAIR = "What are the interactions between propafenone and colchicine?"


def ask(question: str) -> tuple[Query, list[Evidence]]:
    """Every line of the bookshelf's corpus, colchicine's first."""
    shelf = Bookshelf(corpus())
    found: list[Evidence] = []
    for page in sorted(shelf.pages, key=lambda page: page.document_id):
        document = shelf.books[page.document_id]
        hit = Hit(page, document, 1.0, document.drugs.generic)
        at = page.start
        for line in page.text.split("\n"):
            found.append(Evidence(hit, line, at, at + len(line), 0.9 - len(found) / 100))
            at += len(line) + 1
    return understand(question, shelf.resolver()), found
