"""The two losses of ranking, for one question: any of several answers will do, or each of them should be found."""

from __future__ import annotations

import torch

NEVER = -1e4
"""The logit of what is left out: far below any score, and finite, so that gradients stay numbers."""


def any_of(scores: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Minus the log probability that a softmax over ``scores`` gives to the answers together (marginal likelihood).

    ``scores`` and the boolean ``answers`` have shape ``(n,)``; at least one is an answer.
    """
    return scores.logsumexp(0) - scores[answers].logsumexp(0)


def each_of(scores: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """The mean over the answers of minus its log probability among itself and all that is no answer."""
    others = scores.masked_fill(answers, NEVER).logsumexp(0)
    found = scores[answers]
    return (torch.logaddexp(found, others) - found).mean()
