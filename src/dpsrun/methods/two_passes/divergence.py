"""How far two predictions of the same examples are apart."""

from __future__ import annotations

from torch import Tensor


def disagreement(first: Tensor, second: Tensor, *, regression: bool) -> Tensor:
    """Compare two predictions of each example: `[examples, outputs]` twice to `[examples]`.

    Scores by their squared difference, logits of classes by `symmetric_divergence`.
    """
    if regression:
        return (first - second).square().squeeze(-1)
    return symmetric_divergence(first, second)


def symmetric_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Give KL(p, q) + KL(q, p) of each example, in nats.

    Args:
        first: logits of p, `[examples, classes]`, float32 or float64.
        second: logits of q, as many.

    Both sums are taken as one, of (p - q) (log p - log q): no term of it is negative, so little
    ones are not lost among large ones that cancel, and no logarithm is taken of zero.
    """
    p, q = first.log_softmax(-1), second.log_softmax(-1)
    return ((p.exp() - q.exp()) * (p - q)).sum(-1)
