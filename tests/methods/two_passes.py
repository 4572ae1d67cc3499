"""Two passes over a batch written a second time, plainly, to hold the product against.

It knows nothing of the product but that one number of the method's stream seeds all that a second
pass draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from tests.methods.small_model import LABELS, make_batches, rows, tiny_bert, weights

DROPOUT = 0.1


def bert(*, dropout: float = DROPOUT, outputs: int = LABELS) -> Classifier:
    """A random BERT in float64; with one output it gives scores."""
    model = tiny_bert()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    torch.manual_seed(1)
    model.encoder.classifier = nn.Linear(16, outputs).double()
    return model


def classes() -> list[Batch]:
    """Four batches, the last of them ragged."""
    *whole, last = make_batches(4)
    return [*whole, rows(last, slice(0, 4))]


def scores() -> list[Batch]:
    """The same batches with scores in the place of classes."""
    return [replace(batch, labels=batch.labels.double() - 0.3) for batch in classes()]


class Stream:
    """The method's random numbers."""

    def __init__(self, seed: int = 11) -> None:
        self.generator = Generator().manual_seed(seed)

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Draw what a second pass draws."""
        before = torch.get_rng_state()
        torch.manual_seed(int(torch.randint(2**62, (), generator=self.generator)))
        yield
        torch.set_rng_state(before)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p, q) of logits, `[examples]`."""
    first, second = p.softmax(1), q.softmax(1)
    return (first * (first.log() - second.log())).sum(1)


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """The usual loss, a mean."""
    return functional.cross_entropy(logits, batch.labels)


def squares(logits: Tensor, others: Tensor) -> Tensor:
    """The usual loss of scores, a mean."""
    return functional.mse_loss(logits.view(-1), others.view(-1))


def train(
    model: Classifier, batches: Iterable[Batch], mean_loss: Callable[[Batch], Tensor]
) -> list[dict[str, Tensor]]:
    """Train with AdamW; give all parameters after each step."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    trajectory = []
    torch.manual_seed(7)
    for batch in batches:
        optimiser.zero_grad()
        mean_loss(batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimiser.step()
        trajectory.append(weights(model))
    return trajectory
