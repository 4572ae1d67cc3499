"""RecAdam: the task's step grows with lambda(t) while the pull to the start fades."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.recadam.spec import RecAdamParams
from dpsrun.methods.spec import Setting
from dpsrun.runs.spec import Training
from dpsrun.training.optimiser import decay_groups
from tests.methods.plain_training import (
    EQUAL,
    HEAD,
    SETTINGS,
    STEPS,
    Update,
    decayed,
    product,
    product_loop,
    rate,
    train,
)
from tests.methods.small_model import (
    SmallLoop,
    difference,
    make_batches,
    make_hooks,
    same,
    tiny_bert,
    weights,
)

K, T0 = 0.7, 4
ACTIVE: dict[str, Any] = {"anneal_rate": K, "anneal_step": T0}


def task_weight(step: int) -> float:
    return 1 / (1 + math.exp(-K * (step - T0)))


@pytest.mark.parametrize(("gamma", "weight_decay"), [(30.0, 0.1), (150.0, 0.0), (0.0, 0.1)])
def test_each_step_is_scaled_then_pulled_back_then_decayed(
    gamma: float, weight_decay: float
) -> None:
    start = weights(tiny_bert())

    def update(now: Update) -> Tensor:
        if now.name in HEAD:
            return decayed(now, weight_decay)
        share = task_weight(now.step)
        weight = now.weight - now.rate * share * now.direction
        weight = weight - now.rate * (1 - share) * gamma * (weight - start[now.name])
        return weight - now.rate * weight_decay * weight if now.decays else weight

    settings = SETTINGS.model_copy(update={"weight_decay": weight_decay})
    loop = product_loop("recadam", settings=settings, recall_weight=gamma, **ACTIVE)
    assert difference(product(loop), train(update)) < EQUAL


def test_the_schedule_goes_on_from_the_unscaled_learning_rate() -> None:
    loop = product_loop("recadam", recall_weight=30, **ACTIVE)
    for step in range(1, STEPS):
        product(loop, steps=1)
        rates = [group["lr"] for group in loop.optimiser.param_groups]
        assert rates == pytest.approx([rate(step + 1)] * len(rates), abs=1e-15)


def test_a_skipped_step_does_not_count() -> None:
    model = tiny_bert()
    hooks = make_hooks("recadam", model, 8, recall_weight=30, **ACTIVE)
    groups = hooks.parameter_groups(decay_groups(model, 0.1))
    loop = SmallLoop(model, hooks, optimiser=torch.optim.AdamW(groups, lr=0.01))
    first, second, third = make_batches(3)
    loop.step(first)
    before = weights(model)
    loop.step(second, spoil=True)
    assert same(weights(model), before)
    loop.step(third)
    told = hooks.describe()
    assert told["steps"] == 2
    assert told["task_weight"] == pytest.approx(task_weight(2), abs=1e-15)


def test_the_pooler_of_pre_training_is_pulled_and_the_head_is_not() -> None:
    model = tiny_bert()
    hooks = make_hooks("recadam", model, 8, **ACTIVE, training=Training(learning_rate=1e-5))
    state = hooks.state_dict()["start"]
    assert set(weights(model)) - set(state) == set(HEAD)
    assert hooks.describe()["entries_drawn_back"] == model.count_parameters() - 51


def test_without_a_pull_nothing_is_remembered() -> None:
    hooks = make_hooks("recadam", tiny_bert(), 8, recall_weight=0, **ACTIVE)
    assert hooks.state_dict()["start"] == {}


@pytest.mark.parametrize("anneal_step", [0, 5])
def test_the_task_may_take_over_at_once_or_late(anneal_step: int) -> None:
    loop = product_loop("recadam", recall_weight=30, anneal_rate=1000, anneal_step=anneal_step)
    moved = product(loop, steps=3)[-1]
    pulled = [name for name in moved if name not in HEAD and name.endswith("bias")]
    start = weights(tiny_bert())
    still = [name for name in pulled if torch.equal(moved[name], start[name])]
    assert still == ([] if anneal_step == 0 else pulled)


@pytest.mark.parametrize(("gamma", "fits"), [(1999, True), (2000, False), (5000, False)])
def test_a_pull_that_would_overshoot_is_refused(gamma: float, *, fits: bool) -> None:
    params = RecAdamParams(recall_weight=gamma)
    setting = Setting(1000, training=Training(learning_rate=1e-3))
    if fits:
        params.check(setting)
        return
    with pytest.raises(ValueError, match=r"diverges at learning rate 0\.001: .* less than 2000"):
        params.check(setting)
    RecAdamParams(recall_weight=gamma, anneal_step=None).check(setting)


def test_a_plain_loop_resumes_it_exactly() -> None:
    def fresh() -> SmallLoop:
        model = tiny_bert()
        hooks = make_hooks("recadam", model, 8, recall_weight=30, **ACTIVE)
        groups = hooks.parameter_groups(decay_groups(model, 0.1))
        return SmallLoop(model, hooks, optimiser=torch.optim.AdamW(groups, lr=0.01))

    batches = make_batches(5)
    through, resumed = fresh(), fresh()
    through.run(batches[:3])
    saved = through.saved()
    for start in resumed.hooks.state_dict()["start"].values():
        start.zero_()  # what was remembered is in the state
    resumed.load(saved)
    assert same(through.run(batches[3:])[-1], resumed.run(batches[3:])[-1])


def test_a_task_that_would_never_take_over_is_refused_in_the_plan() -> None:
    params = RecAdamParams(anneal_step=96)
    with pytest.raises(ValueError, match="anneal_step 96 comes after the last of 96 steps"):
        params.check(Setting(96))
    params.check(Setting(97))
