"""A quotation from a PDF says on which page it stands, through store, passages and references."""

from __future__ import annotations

from pathlib import Path

from ingest.passages import split
from ingest.pipeline import ingest
from ingest.schema import pages_between
from ingest.store import Store
from rag.answers.compose import References
from rag.types import Evidence, Hit
from tests.ingest.parse import papers


def test_the_page_of_a_quotation(tmp_path: Path) -> None:
    path = tmp_path / "guideline.bin"
    path.write_bytes(papers.guideline(4, first=7))
    store = Store.open(f"sqlite:///{tmp_path / 'test.db'}")
    try:
        assert ingest(store, [str(path)]).totals["ingested"] == 1
        rows = [row.row_id for row in store.index_rows()]
        passages = list(store.passages(rows).values())
        found = store.documents([passages[0].document_id])[passages[0].document_id]
        whole = store.document(found.document_id)
    finally:
        store.close()
    assert whole is not None
    assert passages == split(whole)
    passage = next(one for one in passages if one.section == "body.doses_in_group_3")
    assert passage.pages == ((0, 9),)
    references = References(5)
    text = passage.text[:40]
    references.number(Evidence(Hit(passage, found, 1.0), text, passage.start, passage.start + 40, 1.0))
    (reference,) = references.listed()
    assert reference.pages == (9,)
    assert " p. 9." in reference.citation


def test_a_quotation_across_pages_names_both() -> None:
    pages = [(0, 3), (100, 4), (200, 5)]
    assert pages_between(pages, 90, 110) == ((0, 3), (100, 4))
    assert pages_between(pages, 100, 200) == ((100, 4),)
    assert pages_between([(50, 1)], 10, 20) == ()
    assert pages_between([], 0, 9) == ()
