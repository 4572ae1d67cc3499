"""The oracle notices each mistake that is easily made in this method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dpsrun.methods import mixing
from dpsrun.methods.dps import hooks as dps_module
from dpsrun.methods.dps import selection
from dpsrun.methods.dps.cycle import Cycle
from dpsrun.methods.dps.hooks import DpsHooks
from dpsrun.methods.dps_mix import hooks as mix_module
from dpsrun.methods.dps_mix.hooks import MixHooks
from tests.methods.duel import DENSE, LONG_MIX, MIX, duel
from tests.methods.oracle import Settings
from tests.methods.small_model import SmallLoop, rows

Mutation = Callable[[pytest.MonkeyPatch], None]

BOTH = pytest.mark.parametrize("settings", [DENSE, MIX], ids=["dense", "mix"])
NOTICED = 1e-6
"""Ten thousand times what the product may differ from the oracle."""


def count_from_zero(patch: pytest.MonkeyPatch) -> None:
    """The first step is step 0, so that stage I ends a step late."""
    stage, first = Cycle.stage, Cycle.first
    patch.setattr(Cycle, "stage", lambda self, step: stage(self, max(step - 1, 1)))
    patch.setattr(Cycle, "first", lambda self, step: step == 1 or first(self, max(step - 1, 2)))


def keep_p(patch: pytest.MonkeyPatch) -> None:
    """Stage II keeps the fraction that it should drop."""
    select = selection.select

    def swapped(score: Tensor, drop: float, *, exact: bool) -> Tensor:
        return select(score, 1 - drop, exact=exact)

    patch.setattr(dps_module, "select", swapped)


def keep_p_columns(patch: pytest.MonkeyPatch) -> None:
    """Stage I of Mix keeps columns with the probability to drop them."""
    draw = mixing.draw_columns
    patch.setattr(
        mix_module, "draw_columns", lambda matrices, drop, noise: draw(matrices, 1 - drop, noise)
    )


def do_not_amplify(patch: pytest.MonkeyPatch) -> None:
    """Kept deviations are not multiplied by 1/(1 - p)."""
    mix = mixing.mix_into
    patch.setattr(
        mixing, "mix_into", lambda out, **given: mix(out, **(given | {"drop_fraction": 0.0}))
    )


def amplify_gradients(patch: pytest.MonkeyPatch) -> None:
    """Gradients are multiplied by 1/(1 - p) too."""
    mask_gradient = MixHooks.mask_gradient

    def rescaled(self: MixHooks, gradient: Tensor, mask: Tensor) -> None:
        mask_gradient(self, gradient, mask)
        gradient.div_(1 - self.params.drop_fraction)

    patch.setattr(MixHooks, "mask_gradient", rescaled)


def keep_the_first_anchor(patch: pytest.MonkeyPatch) -> None:
    """Stage II goes on with the anchor of stage I."""
    select = MixHooks.select

    def with_first_anchor(self: MixHooks, name: str) -> None:
        select(self, name)
        self.anchor[name] = self.start[name]

    patch.setattr(MixHooks, "select", with_first_anchor)


def reward_frequent_columns(patch: pytest.MonkeyPatch) -> None:
    """The exponent of the frequency penalty has the wrong sign."""
    patch.setattr(selection, "penalty", lambda counts, us: torch.exp(counts / us))


def no_penalty(patch: pytest.MonkeyPatch) -> None:
    """Long stages are scored like short ones."""
    patch.setattr(selection, "PENALTY_FROM", 10**6)


def penalise_always(patch: pytest.MonkeyPatch) -> None:
    """Short stages are scored like long ones."""
    patch.setattr(selection, "PENALTY_FROM", 1)


def do_not_average(patch: pytest.MonkeyPatch) -> None:
    """Sums are compared whatever the number of their terms."""
    patch.setattr(mix_module, "average_", lambda gam, *_: gam)


def never_forget(patch: pytest.MonkeyPatch) -> None:
    """Statistics of earlier cycles are kept."""
    begin, select = DpsHooks.begin_stage, DpsHooks.select

    def begin_with_old(self: DpsHooks[Any]) -> None:
        begin(self)
        if self.stage == 1 and hasattr(self, "old"):
            self.gam = self.old

    def select_and_store(self: DpsHooks[Any], name: str) -> None:
        old = getattr(self, "old", {}) | {name: self.gam[name].clone()}
        select(self, name)
        self.old = old  # type: ignore[attr-defined]

    patch.setattr(DpsHooks, "begin_stage", begin_with_old)
    patch.setattr(DpsHooks, "select", select_and_store)


class MaskAfterClipping(SmallLoop):
    """Clips the whole gradient's norm; DPS clips what its masks leave."""

    def step(self, batch: Any, **_: Any) -> None:
        self.backward(batch)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.hooks.after_backward(finite=True)
        self.optimiser.step()
        self.optimiser.zero_grad()


class CountMicroBatches(SmallLoop):
    """Makes every micro-batch a step of the method, as the published code does."""

    def step(self, batch: Any, **_: Any) -> None:
        parts = [rows(batch, slice(0, 5)), rows(batch, slice(5, 9))]
        for part in parts:
            held = [parameter.grad for parameter in self.model.parameters()]
            self.optimiser.zero_grad()
            self.backward(part)
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(len(part.labels) / 9)
            self.hooks.after_backward(finite=True)
            for parameter, earlier in zip(self.model.parameters(), held, strict=True):
                if parameter.grad is not None and earlier is not None:
                    parameter.grad.add_(earlier)
        self.update()
        self.optimiser.zero_grad()


@BOTH
@pytest.mark.parametrize("mutate", [count_from_zero, keep_p, never_forget])
def test_mistakes_of_either_variant_are_noticed(
    settings: Settings,
    mutate: Mutation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)
    assert duel(settings) > NOTICED


@BOTH
def test_clipping_before_masking_is_noticed(settings: Settings) -> None:
    assert duel(settings, loop=MaskAfterClipping) > NOTICED


@BOTH
def test_counting_micro_batches_is_noticed(settings: Settings) -> None:
    assert duel(settings, loop=CountMicroBatches) > NOTICED


@pytest.mark.parametrize(
    "mutate",
    [
        keep_p_columns,
        do_not_amplify,
        amplify_gradients,
        keep_the_first_anchor,
        do_not_average,
        penalise_always,
    ],
)
def test_mistakes_of_mix_are_noticed(mutate: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch)
    assert duel(MIX) > NOTICED


@pytest.mark.parametrize("mutate", [reward_frequent_columns, no_penalty])
def test_mistakes_in_the_frequency_penalty_are_noticed(
    mutate: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    assert duel(LONG_MIX, steps=55) > NOTICED
