"""A step leaves its numbers on the device; they are read later, and nothing gets lost."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from dpsrun.methods import registry as methods
from dpsrun.training.guards import DivergedError
from tests.encoders import save_tiny
from tests.training.builder import examples, loaded, loop
from tests.training.test_loop import STEPS, BreaksAGradient, NanAt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path)


WAITS = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "equal")
"""Operations for which the host must wait until a GPU has computed."""


class Asked(TorchDispatchMode):
    """Counts how often the host asks the device for a value."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.overloadpacket.__name__ in WAITS
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("method", ["vanilla", "dps-dense", "dps-mix"])
def test_a_step_asks_the_device_for_nothing_until_it_is_read(folder: Path, method: str) -> None:
    spec, params = methods.find(method), {} if method == "vanilla" else {"update_ratio": 0.1}
    hooks = partial(methods.load_hooks(spec), spec.params.model_validate(params))
    one = loop(
        loaded(folder, "packed"),
        examples(),
        hooks=lambda _, context: hooks(context),
        read_every=100,
    )
    with Asked() as asked:
        for rows in STEPS:
            one.take_step(rows)
        assert asked.count == 0
        assert bool(one.read()[0].loss > 0)
        next(one.model.parameters()).detach().sum().item()
        assert asked.count > 0, "the count can see a wait"


def test_steps_read_late_are_those_read_at_once(folder: Path) -> None:
    at_once, late = (loop(loaded(folder), examples(), read_every=n) for n in (1, 3))
    expected = [report for rows in STEPS for report in at_once.take_step(rows)]
    assert [len(late.take_step(rows)) for rows in STEPS[:3]] == [0, 0, 3]
    again = loop(loaded(folder), examples(), read_every=3)
    found = [report for rows in STEPS for report in again.take_step(rows)] + again.read()
    assert found == expected
    assert again.read() == []


def test_a_divergence_read_late_names_the_step_in_which_it_happened(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=NanAt, read_every=5)
    for rows in STEPS[:4]:
        assert one.take_step(rows) == []
    with pytest.raises(DivergedError, match="loss is not finite at step 3"):
        one.take_step(STEPS[4])


def test_a_gradient_norm_read_late_ends_the_run_too(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=BreaksAGradient, read_every=5)
    one.take_step(range(4))
    with pytest.raises(DivergedError, match="gradient norm is not finite at step 1"):
        one.read()
