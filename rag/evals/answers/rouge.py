"""How much of ideal answers an answer says: ROUGE-1 and ROUGE-L (Lin, 2004) as `rouge-score` counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.errors import MissingExtraError

MEASURES = {"rouge1": "ROUGE-1", "rougeL": "ROUGE-L"}
Score = Callable[[str, Sequence[str]], dict[str, float]]


def scorer() -> Score:
    """F1 of a text with the ideal answer that it is nearest to, words stemmed; raises `MissingExtraError`."""
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtraError("rouge-score is not installed: install citerx[eval]") from error
    rouge = RougeScorer(list(MEASURES), use_stemmer=True)  # type: ignore[no-untyped-call]

    def score(text: str, ideals: Sequence[str]) -> dict[str, float]:
        found = rouge.score_multi(list(ideals), text)  # type: ignore[no-untyped-call]
        return {ours: float(found[theirs].fmeasure) for theirs, ours in MEASURES.items()}

    return score
