"""A worker has had its time when the user says so, or when it gives no sign of life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dpsrun.execution.local import watch
from dpsrun.execution.local.watch import DOUBT_SECONDS, Watch
from dpsrun.runs.lease import LEASE_SECONDS, PULSE_SECONDS
from dpsrun.runs.store import Store


class Clock:
    """Time, and the age of the last sign of life, as the test sets them."""

    now = 100.0
    age = 0.0

    def monotonic(self) -> float:
        return self.now

    def silence(self, *_: object) -> float:
        return self.age


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch, "time", clock)
    monkeypatch.setattr(watch, "silence", clock.silence)
    return clock


def overdue(watched: Watch, attempt: str | None = "attempt") -> str:
    return watched.overdue(Store(Path("results")), "run", attempt)


def test_a_run_may_take_as_long_as_the_user_says_begun_or_not(clock: Clock) -> None:
    watched: Any = Watch(limit=30, started=clock.now)
    clock.now += 30
    assert overdue(watched, None) == ""
    clock.now += 0.1
    assert overdue(watched, None) == "took longer than 30 s"


def test_a_worker_is_given_up_once_it_stays_silent(clock: Clock) -> None:
    watched = Watch(limit=None, started=clock.now)
    clock.now, clock.age = clock.now + 500, LEASE_SECONDS + 1
    assert overdue(watched) == "", "it may have slept with the machine"
    clock.now, clock.age = clock.now + DOUBT_SECONDS, LEASE_SECONDS + DOUBT_SECONDS + 1
    assert overdue(watched) == f"gave no sign of life for {clock.age:.0f} s"


def test_a_machine_that_slept_kills_no_worker(clock: Clock) -> None:
    watched = Watch(limit=None, started=clock.now)
    for age in (7200.0, 0.0, 7200.0, 0.0):
        clock.now, clock.age = clock.now + PULSE_SECONDS, age
        assert overdue(watched) == ""
