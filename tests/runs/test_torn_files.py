"""Torn, flipped, foreign and newer files: named, never taken for a result, never a crash."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dpsrun.report.read import read
from dpsrun.runs import lease
from dpsrun.runs.lease import Owner
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Places
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Damaged, Manifest, Order, Store
from tests.report.builder import Key, Wanted, finish, make_results, make_run

KEY: Key = ("rte", "vanilla", 0)
NEXT_SCHEMA = Result.model_fields["schema_number"].default + 1


HOWEVER_IT_ENDED = pytest.mark.parametrize("store", [0.6, "error"], indirect=True)


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """A results folder with one run."""
    wanted: Wanted = getattr(request, "param", 0.6)
    return make_results(tmp_path, {KEY: wanted})


@pytest.fixture
def run(store: Store) -> str:
    (only,) = store.run_ids()
    return only


@pytest.fixture
def published(store: Store, run: str) -> Path:
    """A result that is its attempt's no more: what is done to it leaves that one whole."""
    path = store.folder(run) / "result.json"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    return path


@pytest.fixture
def manifest(store: Store) -> Path:
    return store.root / "grids" / "demo.json"


def torn(path: Path) -> Iterator[int]:
    """Cut a file at every byte, the last first."""
    for end in reversed(range(path.stat().st_size)):
        os.truncate(path, end)
        yield end


def flipped(path: Path, times: int = 1000) -> Iterator[str]:
    """Give a file one wrong byte, again and again."""
    draw, whole = random.Random(path.name), path.read_bytes()  # noqa: S311 (no secrets here)
    for _ in range(times):
        at, byte = draw.randrange(len(whole)), draw.randbytes(1)
        path.write_bytes(whole[:at] + byte + whole[at + 1 :])
        yield f"{byte!r} at {at}"


def leaves(value: Any, *way: Any) -> set[tuple[Any, ...]]:
    """List every number and text of a record with the way to it."""
    if isinstance(value, dict):
        return {leaf for key, item in value.items() for leaf in leaves(item, *way, key)}
    if isinstance(value, (list, tuple)):
        return {leaf for at, item in enumerate(value) for leaf in leaves(item, *way, at)}
    return {(*way, value)}


@HOWEVER_IT_ENDED
def test_a_result_torn_at_any_byte_is_damaged_and_its_run_to_be_done(
    store: Store, run: str, published: Path
) -> None:
    for end in torn(published):
        found = store.result(run)
        assert isinstance(found, Damaged), end
        assert found.reason.startswith("Invalid JSON"), end
        assert state_of(store, run) == "new", end


@HOWEVER_IT_ENDED
def test_an_attempt_torn_at_any_byte_is_not_published(store: Store, run: str) -> None:
    (attempt,) = store.attempts(run)
    store.withdraw(run)
    for end in torn(store.attempt_folder(run, attempt) / "result.json"):
        assert not store.recover(run), end
        assert store.result(run) is None, end


def test_an_order_torn_at_any_byte_is_refused_and_written_anew(store: Store, run: str) -> None:
    whole = store.read_order(run)
    for _ in torn(store.folder(run) / "spec.json"):
        with pytest.raises(ValueError, match="Invalid JSON"):
            store.read_order(run)
    store.order(make_run(KEY), Places(model="model", tokens="tokens"))
    assert store.read_order(run) == whole


def test_a_manifest_torn_at_any_byte_is_named_and_the_other_one_is_read(
    tmp_path: Path, store: Store, manifest: Path
) -> None:
    make_results(tmp_path, {KEY: None}, grid="other")
    for end in torn(manifest):
        damaged, other = store.manifests()
        assert isinstance(damaged, Damaged), end
        assert damaged.path == manifest
        assert isinstance(other, Manifest), end


def claimed(store: Store, run: str) -> tuple[lease.Lease, Path]:
    store.withdraw(run)
    one = lease.claim(store, run)
    assert one is not None
    return one, store.folder(run) / "leases" / f"{one.number}.json"


def test_a_lease_torn_at_any_byte_is_somebodys_until_it_is_old(store: Store, run: str) -> None:
    _, path = claimed(store, run)
    for end in torn(path):
        assert lease.holder(store, run) == lease.SOMEBODY, end
        os.utime(path, (0, 0))
        assert lease.holder(store, run) is None, end


def test_of_all_who_find_a_torn_lease_one_takes_the_run_and_its_owner_publishes_no_more(
    store: Store, run: str
) -> None:
    first, path = claimed(store, run)
    os.truncate(path, path.stat().st_size // 2)
    os.utime(path, (0, 0))
    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(lambda _: lease.claim(store, run), range(32)) if one]
    assert [one.number for one in found] == [first.number + 1]
    assert found[0].is_ours
    assert not first.is_ours


@HOWEVER_IT_ENDED
def test_a_wrong_byte_changes_one_thing_of_a_result_at_most_and_never_how_its_run_ended(
    store: Store, run: str, published: Path
) -> None:
    true = store.result(run)
    (grid,) = store.manifests()
    assert isinstance(true, Result)
    assert isinstance(grid, Manifest)
    for change in flipped(published):
        found = store.result(run)
        assert read(store, grid).entries[0].result == found, change
        if isinstance(found, Result):
            assert (found.run, found.outcome) == (true.run, true.outcome), change
            assert len(leaves(found.model_dump()) - leaves(true.model_dump())) <= 1, change
        else:
            assert isinstance(found, Damaged), change


def test_a_wrong_byte_in_an_order_changes_one_thing_at_most(store: Store, run: str) -> None:
    true = store.read_order(run)
    for change in flipped(store.folder(run) / "spec.json"):
        try:
            found = store.read_order(run)
        except ValueError:
            continue
        assert isinstance(found, Order)
        assert len(leaves(found.model_dump()) - leaves(true.model_dump())) <= 1, change


def test_a_wrong_byte_in_a_manifest_leaves_one_that_can_be_reported_or_is_named(
    store: Store, manifest: Path
) -> None:
    for change in flipped(manifest):
        (found,) = store.manifests()
        if isinstance(found, Manifest):
            assert len(read(store, found).entries) == 1, change


def test_a_wrong_byte_in_a_lease_never_keeps_a_run_for_ever(store: Store, run: str) -> None:
    _, path = claimed(store, run)
    for change in flipped(path):
        os.utime(path, (0, 0))
        owner = lease.current(store, run)
        assert owner is None or isinstance(owner, Owner)
        assert lease.holder(store, run) is None, change


def of_another_run(path: Path) -> None:
    other = make_results(path.parents[3] / "elsewhere", {("rte", "vanilla", 1): 0.9})
    (run,) = other.run_ids()
    path.write_bytes((other.folder(run) / "result.json").read_bytes())


INTRUDERS: list[tuple[Callable[[Path], object], str]] = [
    (Path.touch, "Invalid JSON"),
    (Path.mkdir, "Is a directory"),
    (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere"),
    (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not UTF-8 text"),
    (lambda path: path.write_bytes(b"[" * 100_000), "Invalid JSON: recursion limit exceeded"),
    (lambda path: path.write_bytes(b"[1, 2]"), "should be an object"),
    (of_another_run, "belongs to another run, rte-"),
]


@pytest.mark.parametrize(("put", "reason"), INTRUDERS)
def test_what_stands_in_the_place_of_a_result_is_named_and_makes_way(
    store: Store, run: str, published: Path, put: Callable[[Path], object], reason: str
) -> None:
    published.unlink()
    put(published)
    found = store.result(run)
    assert isinstance(found, Damaged)
    assert reason in found.reason
    kept = store.set_aside(run)
    assert os.path.lexists(kept)
    assert store.result(run) is None
    assert finish(store, make_run(KEY), 0.7) == store.result(run)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_result_that_may_not_be_read_is_named(store: Store, run: str, published: Path) -> None:
    published.chmod(0)
    found = store.result(run)
    assert isinstance(found, Damaged)
    assert found.reason == "Permission denied"


def as_json(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_result_or_manifest_of_a_newer_version_is_called_that(
    store: Store, run: str, published: Path, manifest: Path
) -> None:
    as_json(published, schema_number=NEXT_SCHEMA, outcome="splendid", unheard_of=1)
    found = store.result(run)
    assert isinstance(found, Damaged)
    assert found.reason == f"a newer dpsrun wrote it (schema {NEXT_SCHEMA})"
    as_json(manifest, schema_number=2, members="elsewhere")
    (grid,) = store.manifests()
    assert isinstance(grid, Damaged)
    assert grid.reason == "a newer dpsrun wrote it (schema 2)"


@pytest.mark.parametrize("number", [0, -1, None, "3", 1.5])
def test_a_schema_that_never_was_is_not_called_newer(
    store: Store, run: str, published: Path, number: object
) -> None:
    as_json(published, schema_number=number)
    found = store.result(run)
    assert isinstance(found, Damaged)
    assert found.reason.startswith("schema_number: ")


@pytest.mark.parametrize("number", [True, 1.0, "1"])
def test_only_a_whole_number_is_a_schema(
    store: Store, run: str, published: Path, number: object
) -> None:
    content = json.loads(published.read_text(encoding="utf-8")) | {"schema_number": number}
    published.write_text(json.dumps(content), encoding="utf-8")
    found = store.result(run)
    assert isinstance(found, Damaged)
    assert found.reason.startswith("schema_number: ")
