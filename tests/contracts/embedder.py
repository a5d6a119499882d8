"""What every embedder must do. Subclass `EmbedderContract` and override the fixture ``embedder``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.types import Embedder

TEXTS = (
    "Colchicine toxicity was reported with strong CYP3A4 inhibitors.",
    "",
    "warfarin",
    "Naïve β-blocker users: 2.5 mg — 10 µg \U0001f480\x00\n\ttabs",
    "The recommended dose is one tablet twice daily. " * 100,
)


class EmbedderContract:
    @pytest.fixture
    def embedder(self) -> Embedder:
        raise NotImplementedError

    def test_unit_rows_of_float32(self, embedder: Embedder) -> None:
        vectors = embedder.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dimension)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_texts(self, embedder: Embedder) -> None:
        assert embedder.encode([]).shape == (0, embedder.dimension)

    def test_rows_keep_the_order_of_the_texts(self, embedder: Embedder) -> None:
        together = embedder.encode(TEXTS)
        assert np.allclose(embedder.encode(TEXTS[::-1]), together[::-1], atol=1e-5)
        for text, vector in zip(TEXTS, together, strict=True):
            assert np.allclose(embedder.encode([text])[0], vector, atol=1e-5)

    def test_the_same_texts_give_the_same_vectors(self, embedder: Embedder) -> None:
        assert np.array_equal(embedder.encode(TEXTS), embedder.encode(TEXTS))

    def test_a_caller_may_change_what_it_got(self, embedder: Embedder) -> None:
        before = embedder.encode(["warfarin"]).copy()
        embedder.encode(["warfarin"])[:] = 0
        assert np.array_equal(embedder.encode(["warfarin"]), before)

    def test_shared_words_bring_texts_closer(self, embedder: Embedder) -> None:
        query, near, far = embedder.encode(
            ["warfarin bleeding risk", "risk of bleeding with warfarin", "store tablets below 25 degrees"]
        )
        assert query @ near > query @ far

    def test_lone_surrogates_do_not_fail(self, embedder: Embedder) -> None:
        assert np.isfinite(embedder.encode(["dose \ud800", "\udfff"])).all()

    def test_threads_may_share_it(self, embedder: Embedder) -> None:
        expected = embedder.encode(TEXTS[:3])
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(embedder.encode, [TEXTS[:3]] * 8):
                assert np.allclose(vectors, expected, atol=1e-5)

    def test_a_name_for_the_cache(self, embedder: Embedder) -> None:
        assert embedder.name
        assert "/" not in embedder.name
