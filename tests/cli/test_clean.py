"""`dpsrun clean` says what dead attempts left, and removes it only if told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.errors import UserError
from dpsrun.report.produce import produce
from dpsrun.runs.store import Store
from tests.runs.test_leftovers import age, contents, keep, make, plant


def say(*words: str | Path) -> str:
    ended = CliRunner().invoke(app, ["clean", *map(str, words)])
    if ended.exception is not None:
        raise ended.exception
    return ended.stdout


def tables(store: Store) -> dict[Path, bytes]:
    """Make all tables anew and give them."""
    produce(store.root, everything=False, names=[])
    produce(store.root, everything=True, names=[])
    return {path: path.read_bytes() for path in store.root.glob("tables/*/[!.]*")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Results with leftovers, with much that is none, and with their tables."""
    made = make(tmp_path)
    plant(made)
    keep(made)
    tables(made)
    age(made)
    return made


def test_without_yes_everything_is_listed_and_nothing_changes(store: Store) -> None:
    before = contents(store)
    printed = say(store.root)
    assert "checkpoint of a finished run   8 bytes" in printed
    assert "11 found, " in printed
    assert f"remove them with: dpsrun clean {store.root} --yes" in printed
    assert contents(store) == before


def test_with_yes_what_was_listed_is_gone_and_the_tables_are_the_same(store: Store) -> None:
    before = tables(store)
    age(store)
    assert "11 removed, " in say(store.root, "--yes")
    assert say(store.root).strip() == f"nothing is left over in {store.root}"
    assert len(before) == 10
    assert tables(store) == before


def test_machines_are_told_paths_and_bytes(store: Store) -> None:
    listed = json.loads(say(store.root, "--json"))
    assert not listed["removed"]
    assert len(listed["leftovers"]) == 11
    assert sum(each["bytes"] for each in listed["leftovers"]) == listed["bytes"]
    assert all((store.root / each["path"]).exists() for each in listed["leftovers"])
    removed = json.loads(say(store.root, "--json", "--yes"))
    assert removed == {**listed, "removed": True}
    assert json.loads(say(store.root, "--json"))["leftovers"] == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder"):
        say(tmp_path / "nowhere", "--yes")


def test_what_cannot_be_removed_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match="cannot be removed: Permission denied"):
        say(store.root, "--yes")
