"""What dead attempts leave behind is found; nothing that anybody may want is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dpsrun.runs.files import new_token
from dpsrun.runs.lease import LEASE_SECONDS, Owner, claim, take
from dpsrun.runs.leftovers import Leftover, leftovers, remove
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.report.builder import finish, make_results, make_run

RUNS = {
    name: make_run(("rte", "vanilla", seed)) for seed, name in enumerate(("done", "bad", "new"))
}
DONE, BAD, NEW = (run.id for run in RUNS.values())
DEAD = "20260101T000000000000Z-abcdef"
HEX = "0123abcd"


def make(folder: Path) -> Store:
    """Make results with a run that is done, one that ended in an error, and one still to do."""
    keys = [("rte", "vanilla", seed) for seed in range(3)]
    return make_results(folder, dict(zip(keys, (0.6, "error", None), strict=True)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make(tmp_path)


def write(path: Path, text: str = "12345678") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def published(store: Store, run: str) -> Path:
    result = store.result(run)
    assert isinstance(result, Result)
    return store.attempt_folder(run, result.attempt)


def plant(store: Store) -> dict[Path, str]:
    """Put one of each kind of leftover into a folder; give their paths with what they are."""
    done, new = store.folder(DONE), store.folder(NEW)
    dead = store.attempt_folder(NEW, DEAD)
    for name in ("log.txt", "pulse.json", f".pulse.json.{HEX}"):
        write(dead / name)
    owner = Owner.here(DEAD).model_copy(update={"started": "1"})
    assert all(take(store, run, number, owner) for run in (DONE, NEW) for number in (9, 10))
    temporary = [
        store.root / f".link-{HEX}",
        store.root / "grids" / f".demo.json.{HEX}",
        store.root / "tables" / "demo" / f".stability.md.{HEX}",
        done / f".spec.json.{HEX}",
        new / f".checkpoint.safetensors.{HEX}",
        done / "leases" / f".{DEAD}",
        new / "leases" / f"..{DEAD}.{HEX}",
        published(store, DONE) / f".result.json.{HEX}",
    ]
    return {
        **{write(path): "temporary file" for path in temporary},
        dead: "attempt without a result",
        write(done / "checkpoint.safetensors"): "checkpoint of a finished run",
        done / "leases" / "9.json": "lease of a finished run",
    }


def keep(store: Store) -> list[Path]:
    """Put beside them what looks like a leftover and is none."""
    interrupted = store.begin(NEW)
    store.finish(Result(run=NEW, attempt=interrupted, outcome="interrupted"))
    return [
        write(store.root / "notes.txt"),
        write(store.root / ".gitignore"),
        write(store.root / "runs" / ".DS_Store"),
        write(store.root / "runs" / "mine" / "log.txt"),
        write(store.folder(DONE) / f"result.json.damaged-{DEAD}"),
        write(store.folder(BAD) / "checkpoint.safetensors"),
        write(store.folder(NEW) / "checkpoint.safetensors"),
        write(store.attempt_folder(NEW, interrupted) / "log.txt"),
        write(store.attempt_folder(BAD, DEAD) / "my notes.md"),
        write(store.attempt_folder(BAD, DEAD) / "log.txt"),
        write(store.folder(NEW) / "attempts" / "by hand" / "log.txt"),
        write(store.attempt_folder(BAD, DEAD.replace("a", "b")) / "log.txt" / "not a log"),
        store.folder(DONE) / "leases" / "10.json",
        store.folder(NEW) / "leases" / "9.json",
    ]


def age(store: Store) -> None:
    """Let all that lies there be old."""
    then = time.time() - 2 * LEASE_SECONDS
    for path in store.root.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)


def contents(store: Store) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}


def kinds(found: list[Leftover]) -> dict[Path, str]:
    return {each.path: each.kind for each in found}


def test_each_kind_of_leftover_is_found_with_its_size(store: Store) -> None:
    expected = plant(store)
    age(store)
    found = leftovers(store)
    assert kinds(found) == expected
    sizes = {each.path: each.size for each in found}
    assert sizes[store.attempt_folder(NEW, DEAD)] == 24
    assert sizes[store.folder(DONE) / "checkpoint.safetensors"] == 8


def test_only_what_was_listed_goes(store: Store) -> None:
    planted, kept = plant(store), keep(store)
    age(store)
    before = contents(store)
    found = leftovers(store)
    assert contents(store) == before
    for each in found:
        remove(each)
    gone = {file for each in found for file in each.files}
    assert contents(store) == {path: text for path, text in before.items() if path not in gone}
    assert set(kinds(found)) == set(planted)
    assert set(kept) <= set(before) - gone
    assert leftovers(store) == []


def test_an_emptied_attempt_stays_in_the_history(store: Store) -> None:
    plant(store)
    age(store)
    for each in leftovers(store):
        remove(each)
    assert DEAD in store.attempts(NEW)


@pytest.mark.parametrize("hours", [0, 24])
def test_what_is_young_by_the_file_systems_clock_is_left_alone(
    store: Store, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(store)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    assert leftovers(store) == []


def test_nothing_of_a_run_that_somebody_is_at_is_listed(store: Store) -> None:
    plant(store)
    age(store)
    assert claim(store, NEW)
    assert [path for path in kinds(leftovers(store)) if NEW in path.parts] == []


def test_a_result_that_comes_after_the_list_was_made_stays_whole(store: Store) -> None:
    plant(store)
    age(store)
    found = leftovers(store)
    write(store.attempt_folder(NEW, DEAD) / "predictions.parquet", "late")
    store.finish(Result(run=NEW, attempt=DEAD, outcome="ok"))
    for each in found:
        remove(each)
    left = {path.name for path in store.attempt_folder(NEW, DEAD).iterdir()}
    assert left == {"predictions.parquet", "result.json"}
    assert isinstance(store.result(NEW), Result)


def test_two_may_clean_at_once(store: Store) -> None:
    plant(store)
    age(store)
    for each in leftovers(store) * 2:
        remove(each)
    assert leftovers(store) == []


def test_a_lease_has_a_number_that_was_never_given_before(store: Store) -> None:
    plant(store)
    age(store)
    for each in leftovers(store):
        remove(each)
    store.withdraw(DONE)
    lease = claim(store, DONE)
    assert lease is not None
    assert lease.number == 11


def test_files_of_the_published_attempt_stay_even_without_its_own_result(store: Store) -> None:
    (published(store, DONE) / "result.json").unlink()
    age(store)
    assert leftovers(store) == []


def test_beside_a_damaged_result_all_attempts_stay(store: Store) -> None:
    for path in (store.folder(DONE) / "result.json", published(store, DONE) / "result.json"):
        path.unlink()
    write(store.folder(DONE) / "result.json", "{")
    age(store)
    assert leftovers(store) == []


def test_what_lies_elsewhere_is_left_alone(store: Store) -> None:
    elsewhere = store.root / "elsewhere"
    log = write(elsewhere / "log.txt")
    (store.folder(NEW) / "attempts").mkdir()
    store.attempt_folder(NEW, DEAD).symlink_to(elsewhere)
    store.attempt_folder(BAD, DEAD).mkdir()
    (store.attempt_folder(BAD, DEAD) / "log.txt").symlink_to(log)
    age(store)
    assert leftovers(store) == []


def test_the_names_of_attempts_are_known(store: Store) -> None:
    attempt = new_token()
    write(store.attempt_folder(NEW, attempt) / "log.txt")
    age(store)
    assert kinds(leftovers(store)) == {
        store.attempt_folder(NEW, attempt): "attempt without a result"
    }


def test_an_attempt_whose_result_was_withdrawn_stays(store: Store) -> None:
    finish(store, RUNS["new"], 0.5)
    store.withdraw(NEW)
    age(store)
    assert leftovers(store) == []
