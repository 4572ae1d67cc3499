"""What `dpsrun methods` says of costs is what was measured."""

from __future__ import annotations

import pytest

from dpsrun.methods.costs import FILE, NO_DROPOUT, Cost, Measurement, Spread, measured
from dpsrun.methods.registry import BUILT_IN
from tests.places import ROOT

SPREAD = Spread(median=1.041, low=0.9, high=1.3)
COST = Cost(
    method="mine",
    dropout=0.1,
    seconds=SPREAD,
    step=SPREAD,
    before=0.001,
    trained=0.123,
    state=1.25,
    memory=1.3125,
    peak=-0.5,
)


def test_every_built_in_method_was_measured_and_nothing_else() -> None:
    names = [spec.name for spec in BUILT_IN]
    assert [cost.method for cost in measured().rows] == [names[0], NO_DROPOUT, *names[1:]]


def test_what_is_installed_is_the_committed_measurement() -> None:
    installed = ROOT / "src" / "dpsrun" / "methods" / FILE
    assert installed.read_bytes() == (ROOT / "results/reference/bench" / FILE).read_bytes()


def test_what_was_not_measured_has_no_cost() -> None:
    assert measured().of("somebody-elses") is None
    assert measured().words("somebody-elses") == []


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (0.001, "time 1.04 x, memory 1.31 x"),
        (1.87, "time 1.04 x, memory 1.31 x, 1.9 epochs before"),
    ],
)
def test_a_cost_is_said_in_a_few_words(before: float, words: str) -> None:
    assert str(COST.model_copy(update={"before": before})) == words


def test_a_measurement_says_what_it_was_taken_on() -> None:
    machine = {"device_name": "a CPU", "torch": "2.13.0", "taken": "2026-11-23 03:53 UTC"}
    plain = COST.model_copy(update={"method": NO_DROPOUT, "step": Spread(median=1, low=1, high=1)})
    mine = COST.model_copy(update={"before": 1.87})
    table = Measurement(
        name="costs", title="On cola", notes="", rows=(mine, plain), machine=machine
    )
    assert table.words("mine") == [
        "On cola",
        "  time of a step: 1.04 x (0.90 to 1.30)",
        "  dropout: 0.1; vanilla's step without any: 1.00 x",
        "  before the first step: as long as 1.9 epochs of vanilla",
        "  memory for weights, gradients, moments and own state: 1.31 x",
        "  own state: 1.25 x all weights; trained parameters: 12.30%",
        "  largest memory of the process: vanilla's -0.50 x all weights",
        "  measured on a CPU, torch 2.13.0, 2026-11-23 03:53 UTC",
    ]
    assert not any("before" in line for line in table.words(NO_DROPOUT))
