"""One 2x3 matrix, every number worked by hand.

The loss is half the sum of the squared entries of the (effective) matrix E, so its gradient is E.
Stages have us = 2 steps, p = 0.5, so k = ceil(6 * 0.5) = 3 and 1/(1 - p) = 2. Plain gradient
descent; no clipping. All numbers are exact in binary.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.dps_mix import hooks as mix_module
from tests.methods.small_model import ONE_EXAMPLE, OneMatrix, SmallLoop, make_hooks

Rows = list[list[float]]


def loop_over(entries: Rows, name: str, learning_rate: float, **params: Any) -> SmallLoop:
    model = OneMatrix(entries)
    hooks = make_hooks(name, model, 4, drop_fraction=0.5, update_ratio=0.5, **params)
    descent = torch.optim.SGD(model.parameters(), lr=learning_rate)
    return SmallLoop(model, hooks, optimiser=descent, clip=torch.inf)


def values(tensor: Tensor) -> Any:
    return tensor.tolist()


def test_dense_by_hand() -> None:
    # Learning rate 1/2: an entry that trains is halved in each step, as its gradient is itself.
    loop = loop_over([[4, -2, 1], [-8, 0.5, 2]], "dps-dense", 0.5)
    model: Any = loop.model
    hooks: Any = loop.hooks

    # Stage I, step 1: GAM = W^2.
    loop.step(ONE_EXAMPLE)
    assert values(hooks.gam["weight"]) == [[16, 4, 1], [64, 0.25, 4]]
    assert values(model.weight) == [[2, -1, 0.5], [-4, 0.25, 1]]

    # Stage I, step 2: GAM += W^2 = [[4, 1, 1/4], [16, 1/16, 1]].
    loop.step(ONE_EXAMPLE)
    assert values(hooks.gam["weight"]) == [[20, 5, 1.25], [80, 0.3125, 5]]
    assert values(model.weight) == [[1, -0.5, 0.25], [-2, 0.125, 0.5]]

    # Stage II, step 3: the third largest of 80, 20, 5, 5, ... is 5; two entries tie, four stay.
    loop.step(ONE_EXAMPLE)
    assert values(hooks.mask["weight"]) == [[True, True, False], [True, False, True]]
    assert values(model.weight) == [[0.5, -0.25, 0.25], [-1, 0.125, 0.25]]

    # Stage II, step 4: the same mask.
    loop.step(ONE_EXAMPLE)
    assert values(model.weight) == [[0.25, -0.125, 0.25], [-0.5, 0.125, 0.125]]
    assert hooks.describe()["kept_fraction"] == 4 / 6


def test_dense_with_exact_k_breaks_the_tie() -> None:
    loop = loop_over([[4, -2, 1], [-8, 0.5, 2]], "dps-dense", 0.5, exact_k=True)
    hooks: Any = loop.hooks

    loop.run([ONE_EXAMPLE] * 3)

    (row, column, last), (corner, fifth, sixth) = values(hooks.mask["weight"])
    assert (row, corner, last, fifth) == (True, True, False, False)
    assert column != sixth
    assert hooks.describe()["kept_fraction"] == 3 / 6


def test_mix_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Learning rate 1/4. The columns that stay: first and last in step 1, first two in step 2.
    columns = iter([[True, False, True], [True, True, False]])
    monkeypatch.setattr(
        mix_module, "draw_columns", lambda *_: {"weight": torch.tensor(next(columns))}
    )
    loop = loop_over([[3, -3, 1], [-8, 0.5, 3]], "dps-mix", 0.25)
    model: Any = loop.model
    hooks: Any = loop.hooks

    # Stage I, step 1: W is still its anchor w0, so E = w0; the gradient is E in columns 1 and 3.
    loop.step(ONE_EXAMPLE)
    assert values(hooks.effective.weights["weight"]) == [[3, -3, 1], [-8, 0.5, 3]]
    assert values(hooks.gam["weight"]) == [[9, 0, 1], [64, 0, 9]]
    assert values(hooks.fam["weight"]) == [1, 0, 1]
    assert values(model.weight) == [[2.25, -3, 0.75], [-6, 0.5, 2.25]]

    # Stage I, step 2: W - w0 = [[-3/4, 0, -1/4], [2, 0, -3/4]]; columns 1 and 2 of it count twice,
    # column 3 not: E = w0 + [[-3/2, 0, 0], [4, 0, 0]].
    loop.step(ONE_EXAMPLE)
    assert values(hooks.effective.weights["weight"]) == [[1.5, -3, 1], [-4, 0.5, 3]]
    assert values(hooks.gam["weight"]) == [[9 + 2.25, 9, 1], [64 + 16, 0.25, 9]]
    assert values(hooks.fam["weight"]) == [2, 1, 1]
    assert values(model.weight) == [[1.875, -2.25, 0.75], [-5, 0.375, 2.25]]

    # Stage II, step 3: scores GAM / FAM = [[5.625, 9, 1], [40, 1/4, 9]], the third largest is 9.
    # (By GAM alone the third would be 11.25 > 9 and the mask another.) The anchor is taken
    # anew, so E = W.
    loop.step(ONE_EXAMPLE)
    assert values(hooks.mask["weight"]) == [[False, True, False], [True, False, True]]
    assert values(hooks.anchor["weight"]) == [[1.875, -2.25, 0.75], [-5, 0.375, 2.25]]
    assert values(hooks.effective.weights["weight"]) == [[1.875, -2.25, 0.75], [-5, 0.375, 2.25]]
    assert values(model.weight) == [[1.875, -1.6875, 0.75], [-3.75, 0.375, 1.6875]]

    # Stage II, step 4: W - anchor = [[0, 9/16, 0], [5/4, 0, -9/16]], counted twice.
    loop.step(ONE_EXAMPLE)
    assert values(hooks.effective.weights["weight"]) == [
        [1.875, -1.125, 0.75],
        [-2.5, 0.375, 1.125],
    ]
    assert values(model.weight) == [[1.875, -1.40625, 0.75], [-3.125, 0.375, 1.40625]]
