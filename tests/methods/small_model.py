"""A tiny BERT, batches for it, and a plain loop that calls hooks where they belong."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from dpsrun.methods.hooks import Context, Hooks, OnePass, no_examples
from dpsrun.methods.registry import find, load_hooks
from dpsrun.methods.spec import Params
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.runs.spec import Training

LABELS = 3
"""With two classes the gradients of the head's rows would tie exactly."""


def tiny_bert(*, layers: int = 2, hidden: int = 16, seed: int = 0) -> Classifier:
    """A random BERT in float64 without dropout."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=40,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.3,
    )
    config.num_labels = LABELS
    new = frozenset({"classifier.weight", "classifier.bias"})
    return Classifier(BertForSequenceClassification(config).double(), new).train()


def make_batches(count: int, *, size: int = 9, seed: int = 5) -> list[Batch]:
    """Padded batches of random tokens and labels."""
    generator = torch.Generator().manual_seed(seed)
    return [_batch(size, generator) for _ in range(count)]


def _batch(size: int, generator: Generator) -> Batch:
    tokens = torch.randint(1, 40, (size, 7), generator=generator)
    lengths = torch.randint(3, 8, (size, 1), generator=generator)
    mask = (torch.arange(7) < lengths).long()
    labels = torch.randint(0, LABELS, (size,), generator=generator)
    inputs = {"input_ids": tokens * mask, "attention_mask": mask}
    return Batch(inputs, labels, packing=None, tokens=int(lengths.sum()))


def rows(batch: Batch, chosen: slice) -> Batch:
    """Some rows of a padded batch."""
    inputs = {name: value[chosen] for name, value in batch.inputs.items()}
    return Batch(inputs, batch.labels[chosen], packing=None, tokens=batch.tokens)


class OneMatrix(nn.Module):
    """A model that is nothing but a matrix; its loss is half the sum of its squared entries.

    The gradient is therefore the (effective) matrix itself.
    """

    def __init__(self, entries: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(entries, dtype=torch.float64))

    def forward(self, _: Batch) -> Tensor:
        return self.weight

    def losses(self, logits: Tensor, _: Tensor) -> Tensor:
        return logits.square() / 2

    def matrices(self) -> dict[str, nn.Parameter]:
        return {"weight": self.weight}

    def head_modules(self) -> list[nn.Linear]:
        return []

    def count_blocks(self) -> int:
        return 1


ONE_EXAMPLE = Batch({}, torch.zeros(1), packing=None, tokens=1)


def make_hooks(
    name: str,
    model: nn.Module,
    total_steps: int,
    *,
    kind: type[Hooks[Any]] | None = None,
    noise_seed: int = 11,
    training: Training | None = None,
    one_pass: OnePass = no_examples,
    **params: Any,
) -> Any:
    """A method, prepared for a run; `kind` may stand in for its own class of hooks."""
    spec = find(name)
    context = Context(
        model=cast("Classifier", model),
        total_steps=total_steps,
        noise=torch.Generator().manual_seed(noise_seed),
        head=torch.Generator().manual_seed(13),
        training=training or Training(),
        one_pass=one_pass,
    )
    hooks = (kind or load_hooks(spec))(spec.params(**params), context)
    hooks.prepare()
    return hooks


class SmallLoop:
    """Steps of AdamW (or another optimiser) with the hooks of a method."""

    def __init__(
        self,
        model: nn.Module,
        hooks: Hooks[Params],
        *,
        optimiser: torch.optim.Optimizer | None = None,
        clip: float = 0.1,
        micro: int | None = None,
    ) -> None:
        self.model, self.hooks, self.clip, self.micro = model, hooks, clip, micro
        self.optimiser = optimiser or torch.optim.AdamW(
            model.parameters(), lr=1e-3, weight_decay=0.01
        )

    def step(self, batch: Batch, *, loss_scale: float = 1.0, spoil: bool = False) -> None:
        """Take one step; `spoil` makes its gradients infinite, so that it is skipped."""
        self.backward(batch, loss_scale=loss_scale)
        if spoil:
            self._spoil()
        self.hooks.after_backward(finite=not spoil)
        if not spoil:
            self.update()
        self.optimiser.zero_grad()

    def backward(self, batch: Batch, *, loss_scale: float = 1.0) -> None:
        size = len(batch.labels)
        self.hooks.before_step(size)
        for first in range(0, size, self.micro or size):
            part = rows(batch, slice(first, first + (self.micro or size)))
            loss = self.hooks.loss(cast("Classifier", self.model), part) / size
            (loss * loss_scale).backward()
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad.div_(loss_scale)

    def update(self) -> None:
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.hooks.after_clipping(self.optimiser.param_groups)
        self.optimiser.step()
        self.hooks.after_update(self.optimiser.param_groups)

    def _spoil(self) -> None:
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad.fill_(torch.inf)

    def run(self, batches: Iterable[Batch]) -> list[dict[str, Tensor]]:
        """Take a step per batch; give all parameters after each."""
        trajectory = []
        for batch in batches:
            self.step(batch)
            trajectory.append(weights(self.model))
        return trajectory

    def saved(self) -> bytes:
        """Everything that a resumed run needs, as bytes."""
        stream = io.BytesIO()
        parts = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "method": self.hooks.state_dict(),
        }
        torch.save(parts, stream)
        return stream.getvalue()

    def load(self, saved: bytes) -> None:
        parts = torch.load(io.BytesIO(saved), weights_only=True)
        self.model.load_state_dict(parts["model"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.hooks.load_state_dict(parts["method"])


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters."""
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether two sets of parameters agree bit for bit."""
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def difference(first: Sequence[dict[str, Tensor]], second: Sequence[dict[str, Tensor]]) -> float:
    """The largest difference of any entry after any step of two runs."""
    return max(
        float((one[name] - two[name]).abs().max())
        for one, two in zip(first, second, strict=True)
        for name in one
    )
