"""An engine is driven to its end, or to the first signal that asks to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence

import pytest

from dpsrun.execution.drive import drive


class Rounds:
    """An engine of so many rounds, in each of which something may happen."""

    def __init__(self, rounds: int, happens: Callable[[], object] = lambda: None) -> None:
        self.left, self.happens = rounds, happens
        self.ends: list[str] = []

    def submit(self, run_ids: Sequence[str]) -> None:
        self.run_ids = run_ids

    def poll(self) -> Sequence[str]:
        self.happens()
        self.left -= 1
        return self.run_ids if self.left else ()

    def hold(self) -> None:
        self.ends.append("hold")

    def leave(self) -> None:
        self.ends.append("leave")

    def describe(self) -> str:
        return "rounds"


def sends(number: signal.Signals) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that asks to stop; its handler is put back."""
    before = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, before)


def test_an_engine_is_asked_until_nothing_lives_then_cleared_up() -> None:
    engine = Rounds(3)
    assert drive(engine, ["run"])
    assert (engine.left, engine.ends) == (0, ["leave"])


def test_a_signal_ends_it_and_the_handler_before_is_put_back(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    engine = Rounds(100, sends(number))
    assert not drive(engine, ["run"])
    assert (engine.left, engine.ends) == (99, ["leave"])
    assert signal.getsignal(number) == signal.SIG_DFL


def test_a_signal_that_nohup_ignores_stops_nothing(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    engine = Rounds(3, sends(number))
    assert drive(engine, ["run"])
    assert engine.left == 0


def test_nothing_more_is_started_once_it_is_enough() -> None:
    engine = Rounds(3)
    assert drive(engine, ["run"], lambda: engine.left == 1)
    assert engine.ends == ["hold", "leave"]


def test_what_fails_in_the_engine_still_ends_its_workers() -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    engine = Rounds(3, fail)
    with pytest.raises(RuntimeError):
        drive(engine, ["run"])
    assert engine.ends == ["leave"]
