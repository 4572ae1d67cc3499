"""A grid that only produces failures is stopped; findings are no failures."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dpsrun.execution.brake import Brake
from dpsrun.runs.result import Failure, Outcome, Result

Ends = Sequence[tuple[Outcome, str]]


class Ear:
    """A view that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def started(self, *_: object) -> None: ...
    def progressed(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...
    def said(self, words: str) -> None:
        self.heard.append(words)


def end(outcome: Outcome, message: str) -> Result:
    failure = Failure(kind=outcome, message=message) if message else None
    return Result(run="run", attempt="attempt", outcome=outcome, failure=failure)


def after(ends: Ends, *, limit: int = 3) -> Brake:
    brake = Brake(Ear(), limit)
    for outcome, message in ends:
        brake.ended("run", end(outcome, message))
    return brake


FAIL: tuple[Outcome, str] = ("error", "no such file")
OTHER: tuple[Outcome, str] = ("error", "another reason")
GOOD: tuple[Outcome, str] = ("ok", "")
DIVERGED: tuple[Outcome, str] = ("diverged", "loss is not finite at step 2")
STOPPED: tuple[Outcome, str] = ("interrupted", "")


@pytest.mark.parametrize(
    ("ends", "pulled"),
    [
        ([FAIL, FAIL], False),
        ([FAIL, FAIL, FAIL], True),
        ([FAIL, FAIL, GOOD, FAIL, FAIL], False),
        ([FAIL, FAIL, DIVERGED, FAIL], False),
        ([FAIL, FAIL, OTHER, FAIL], False),
        ([FAIL, STOPPED, FAIL, STOPPED, FAIL], True),
        ([DIVERGED] * 5, False),
    ],
)
def test_failures_that_are_alike_count_in_a_row(ends: Ends, *, pulled: bool) -> None:
    assert after(ends).pulled == pulled


def test_the_first_failure_is_enough_where_that_is_wanted() -> None:
    assert not after([GOOD, DIVERGED], limit=1).pulled
    assert after([GOOD, OTHER], limit=1).pulled


def test_the_reason_is_said_once() -> None:
    brake = after([FAIL] * 5)
    assert isinstance(brake.view, Ear)
    words = "stopped after 3 failures in a row: error: no such file; no more runs are started"
    assert brake.view.heard == [words]
