"""Who is at work on a run: one at a time, and never a dead one for long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dpsrun.runs import lease
from dpsrun.runs.lease import LEASE_SECONDS, Lease, Owner, Pulse, claim, holder
from dpsrun.runs.result import Outcome, Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.report.builder import make_results

CLAIM = """
import sys
from pathlib import Path
from dpsrun.runs.lease import claim
from dpsrun.runs.store import Store
assert claim(Store(Path(sys.argv[1])), sys.argv[2])
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_results(tmp_path, {("rte", "vanilla", 0): None})


@pytest.fixture
def run(store: Store) -> str:
    (only,) = store.run_ids()
    return only


def taken(store: Store, run: str) -> Lease:
    found = claim(store, run)
    assert found is not None
    return found


def end(store: Store, one: Lease, outcome: Outcome) -> None:
    store.finish(Result(run=one.run_id, attempt=one.attempt, outcome=outcome))


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process is on another machine than before."""
    monkeypatch.setattr(lease, "_machine", lambda: "another")


def age(store: Store, one: Lease, seconds: float) -> None:
    """Let the last sign of life lie so far back, by the clock of the file system."""
    one.beat(Pulse())
    folder = store.folder(one.run_id)
    then = time.time() - seconds
    for sign in (*folder.glob("leases/*"), *folder.glob("attempts/*/pulse.json")):
        os.utime(sign, (then, then))


def test_a_run_that_somebody_is_at_is_not_given_away(store: Store, run: str) -> None:
    first = taken(store, run)
    assert claim(store, run) is None
    assert state_of(store, run) == "running"
    owner = holder(store, run)
    assert owner is not None
    assert (owner.attempt, owner.pid) == (first.attempt, os.getpid())


@pytest.mark.parametrize("outcome", ["error", "interrupted", "ok"])
def test_a_lease_ends_with_the_result_of_its_attempt(
    store: Store, run: str, outcome: Outcome
) -> None:
    first = taken(store, run)
    end(store, first, outcome)
    assert holder(store, run) is None
    store.withdraw(run)
    second = taken(store, run)
    assert second.number == first.number + 1
    assert not first.is_ours
    assert second.is_ours


def test_a_run_that_just_got_its_result_is_not_begun_again(store: Store, run: str) -> None:
    end(store, taken(store, run), "ok")
    (store.folder(run) / "result.json").unlink()  # written, and its worker died before the link
    assert claim(store, run) is None
    assert state_of(store, run) == "stale"


def test_of_many_who_ask_at_once_one_gets_the_run(store: Store, run: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: claim(store, run), range(64)))
    assert sum(one is not None for one in found) == 1
    assert len(store.attempts(run)) == 1


def test_a_process_that_is_gone_loses_its_lease_at_once(store: Store, run: str) -> None:
    subprocess.run([sys.executable, "-c", CLAIM, store.root, run], check=True)
    owner = lease.current(store, run)
    assert owner is not None
    assert owner.is_gone
    assert state_of(store, run) == "new"
    assert taken(store, run).number == 2


def test_another_process_with_the_same_id_is_not_the_owner(store: Store, run: str) -> None:
    taken(store, run)
    owner = lease.current(store, run)
    assert owner is not None
    assert not owner.is_gone
    assert owner.model_copy(update={"started": "1"}).is_gone


@pytest.mark.parametrize(("seconds", "alive"), [(0.5, True), (2.0, False)])
def test_an_owner_on_another_host_is_judged_by_its_signs_of_life(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch, seconds: float, *, alive: bool
) -> None:
    first = taken(store, run)
    elsewhere(monkeypatch)
    age(store, first, seconds * LEASE_SECONDS)
    assert (holder(store, run) is not None) == alive
    first.beat(Pulse(step=3, total_steps=9))
    assert holder(store, run) is not None
    assert lease.pulse(store, run, first.attempt) == Pulse(step=3, total_steps=9)


@pytest.mark.parametrize("hours", [-24, 24])
def test_the_clocks_of_the_hosts_do_not_matter(
    store: Store, run: str, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(store, run)
    elsewhere(monkeypatch)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    assert holder(store, run) is not None


def test_an_owner_that_died_before_its_first_sign_of_life_is_judged_by_its_lease(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Owner.here("20260101T000000000000Z-abc")
    assert lease.take(store, run, 1, owner)
    elsewhere(monkeypatch)
    assert holder(store, run) is not None
    path = store.folder(run) / "leases" / "1.json"
    os.utime(path, (0, 0))
    assert holder(store, run) is None


def test_a_lease_that_cannot_be_read_does_not_stop_a_run_for_ever(store: Store, run: str) -> None:
    first = taken(store, run)
    (store.folder(run) / "leases" / "1.json").write_text("{", encoding="utf-8")
    assert claim(store, run) is None, "its owner may be at work"
    age(store, first, 2 * LEASE_SECONDS)
    assert taken(store, run).number == 2


def test_looking_leaves_no_files_behind(store: Store, run: str) -> None:
    taken(store, run)
    before = sorted(store.root.rglob("*"))
    assert holder(store, run) is not None
    assert sorted(store.root.rglob("*")) == before
