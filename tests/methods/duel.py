"""The product and the oracle on the same model, batches and column masks."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from torch import Tensor, nn

from dpsrun.methods.hooks import Hooks
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from tests.methods.oracle import Settings, train, wrap
from tests.methods.small_model import SmallLoop, difference, make_batches, make_hooks, tiny_bert

DENSE = Settings("dense", total_steps=20, update_ratio=0.15)
"""Stages of 3 steps: three cycles and two steps more."""
MIX = Settings("mix", total_steps=20, update_ratio=0.15)
LONG_MIX = Settings("mix", total_steps=300, update_ratio=1 / 6)
"""Stages of 50 steps: three cycles in which often trained columns are penalised."""


def model_for(settings: Settings) -> Classifier:
    """Long runs get a smaller model."""
    long = settings.total_steps > 50
    return tiny_bert(layers=1, hidden=8) if long else tiny_bert()


def batches_for(settings: Settings, steps: int) -> list[Batch]:
    return make_batches(settings.total_steps)[:steps]


def _forward(model: nn.Module, batch: Any) -> tuple[Tensor, Tensor]:
    return cast("Tensor", model(batch)), batch.labels


def _wrapped_layers(layers: int) -> list[str]:
    """What the specification lists for BERT, in the order of the model."""
    block = (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    )
    names = [f"bert.encoder.layer.{number}.{name}" for number in range(layers) for name in block]
    return [f"encoder.{name}" for name in (*names, "bert.pooler.dense", "classifier")]


@cache
def oracle_run(settings: Settings) -> list[dict[str, Tensor]]:
    """All parameters after each step of the oracle."""
    model = model_for(settings)
    layers = 1 if settings.total_steps > 50 else 2
    wrap(model, _wrapped_layers(layers), settings)
    batches = batches_for(settings, settings.total_steps)
    return train(model, batches, _forward, settings)


def product_loop(
    settings: Settings,
    *,
    micro: int | None = None,
    kind: type[Hooks[Any]] | None = None,
    loop: type[SmallLoop] = SmallLoop,
) -> SmallLoop:
    """The product, ready to run the same."""
    model = model_for(settings)
    hooks = make_hooks(
        f"dps-{settings.variant}",
        model,
        settings.total_steps,
        kind=kind,
        noise_seed=settings.noise_seed,
        drop_fraction=settings.drop,
        update_ratio=settings.update_ratio,
    )
    return loop(model, hooks, clip=settings.clip, micro=micro)


def duel(settings: Settings, *, steps: int | None = None, **product: Any) -> float:
    """The largest difference of any weight after any step between oracle and product."""
    steps = steps or settings.total_steps
    ours = product_loop(settings, **product).run(batches_for(settings, steps))
    return difference(ours, oracle_run(settings)[:steps])
