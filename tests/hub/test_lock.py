"""What is prepared stays as it was: the lock file, and how a grid is held to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import MissingError, UserError
from dpsrun.execution import plan as planning
from dpsrun.execution.plan import Plan, Request
from dpsrun.offline import lock as locking
from dpsrun.offline.prepare import prepare
from dpsrun.runs.store import Store
from tests.command import Bench
from tests.encoders import packaged_model
from tests.hub.conftest import DATA, NEW, OLD
from tests.hub.server import Hub

RTE: dict[str, Any] = {"model": "tiny/bert", "tasks": ["rte"], "methods": ["vanilla"]}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each commit: a tokeniser that works, and weights that nobody loads."""
    root = tmp_path_factory.mktemp("encoders")
    for commit in (OLD, NEW):
        folder = shutil.copytree(
            packaged_model(), root / commit, ignore=shutil.ignore_patterns("*.safetensors")
        )
        (folder / "model.safetensors").write_text(commit)
    return {commit: root / commit for commit in (OLD, NEW)}


class Project:
    """A grid file, prepared and planned by this process."""

    def __init__(self, bench: Bench, hub: Hub) -> None:
        self.bench, self.hub = bench, hub
        self.store, self.cache = Store(bench.folder / "results"), bench.folder / "cache"
        self.write()

    def write(self, **changes: Any) -> None:
        self.file = self.bench.grid(**{**RTE, **changes})

    @property
    def lock(self) -> Path:
        return locking.place(self.file)

    @property
    def commits(self) -> dict[str, str]:
        return {
            pin["id"]: pin["commit"] for pin in json.loads(self.lock.read_text())["repositories"]
        }

    def request(self, models: Sequence[str] = ()) -> Request:
        return Request([self.file], self.store.root, "cpu", models=models)

    def prepare(self, *, update: bool = False, models: Sequence[str] = ()) -> bool:
        """Prepare the grid; say whether the lock file was written."""
        (done,) = prepare(self.request(models), self.store, self.cache, update=update)
        return done.written

    def plan(self, models: Sequence[str] = ()) -> Plan:
        return planning.make(self.request(models), self.store, self.cache)

    def move_hub(self, encoders: dict[str, Path], commit: str) -> None:
        """Make a commit the newest."""
        others = {name: folder for name, folder in encoders.items() if name != commit}
        self.hub.repositories["models", "tiny/bert"] = {**others, commit: encoders[commit]}


@pytest.fixture
def project(bench: Bench, hub: Hub, here: Path) -> Project:
    """A project whose hub is open, with the older commit as the newest."""
    return Project(bench, hub)


def test_a_lock_says_what_was_asked_what_was_had_and_what_is_in_it(project: Project) -> None:
    with project.hub.open():
        assert project.prepare()
    found = json.loads(project.lock.read_text())
    assert project.lock.name == "small.lock.json"
    assert found["repositories"] == [
        {"kind": "dataset", "id": "nyu-mll/glue", "revision": None, "commit": DATA},
        {"kind": "model", "id": "tiny/bert", "revision": None, "commit": NEW},
    ]
    (run,) = project.plan().runs.values()
    assert found["contents"] == {
        "data": {"rte": run.spec.data},
        "models": {"bert": run.spec.model},
        "evaluate": {},
    }
    assert set(found["versions"]) == {"dpsrun", "tokenizers", "transformers"}


def test_preparing_again_changes_nothing_until_an_update_is_asked_for(
    project: Project, encoders: dict[str, Path]
) -> None:
    project.move_hub(encoders, OLD)
    with project.hub.open():
        project.prepare()
        before = project.lock.read_bytes()
        project.move_hub(encoders, NEW)
        assert not project.prepare()
        assert project.lock.read_bytes() == before
        assert project.commits["tiny/bert"] == OLD
        assert project.prepare(update=True)
        assert project.commits["tiny/bert"] == NEW


def test_a_locked_grid_asks_the_hub_nothing_and_keeps_its_runs(
    project: Project, encoders: dict[str, Path]
) -> None:
    project.move_hub(encoders, OLD)
    with project.hub.open():
        project.prepare()
        before = set(project.plan().runs)
        project.move_hub(encoders, NEW)
        project.hub.requests.clear()
        assert set(project.plan().runs) == before
        assert project.hub.requests == []
    assert set(project.plan().runs) == before, "the hub is gone"


def test_further_evaluation_sets_are_locked_too(project: Project) -> None:
    project.write(evaluate=["rte:validation"], tasks=["mini-rte"])
    with project.hub.open():
        project.prepare()
    locked = locking.read(project.file)
    assert locked is not None
    assert set(locked.contents.evaluate) == {"rte:validation"}
    assert project.commits["nyu-mll/glue"] == DATA


def test_contents_that_changed_are_named_with_the_command_that_helps(
    project: Project, encoders: dict[str, Path]
) -> None:
    with project.hub.open():
        project.prepare()
        advice = rf"model bert has other contents now\nrun: dpsrun prepare --update {project.file}"
        elsewhere = [f"bert={encoders[OLD]}"]
        with pytest.raises(UserError, match=rf"small\.lock\.json: {advice}"):
            project.plan(models=elsewhere)
        with pytest.raises(UserError, match=advice):
            project.prepare(models=elsewhere)
        project.plan(models=[f"bert={encoders[NEW]}"])
        project.prepare(update=True, models=elsewhere)
    project.plan(models=elsewhere)


def test_what_is_new_in_a_grid_is_asked_for_and_the_rest_stays_locked(
    project: Project, encoders: dict[str, Path]
) -> None:
    project.move_hub(encoders, OLD)
    with project.hub.open():
        project.prepare()
        project.move_hub(encoders, NEW)
        project.write(tasks=["rte", "mini-rte"])
        with pytest.raises(UserError, match="task mini-rte is not in it: the grid has changed"):
            project.plan()
        project.write(tasks=["rte", "stsb"])
        with pytest.raises(MissingError, match="run dpsrun prepare where there is a network"):
            project.plan()
        project.prepare()
    assert len(project.plan().runs) == 2
    assert project.commits["tiny/bert"] == OLD


def test_what_is_gone_from_the_cache_is_missing(project: Project, here: Path) -> None:
    with project.hub.open():
        project.prepare()
        next(here.glob("models--*/snapshots/*/model.safetensors")).unlink()
        with pytest.raises(MissingError, match="run dpsrun prepare where there is a network"):
            project.plan()
        project.prepare()
    project.plan()


def test_an_update_needs_the_hub(project: Project) -> None:
    with project.hub.open():
        project.prepare()
    before = project.lock.read_bytes()
    assert not project.prepare(), "all that is locked is here"
    with pytest.raises(UserError, match=r"--update: the hub does not answer: .*refused"):
        project.prepare(update=True)
    assert project.lock.read_bytes() == before


def test_nothing_is_locked_unless_everything_is_right(project: Project) -> None:
    project.write(training={"max_length": 4096})
    with project.hub.open(), pytest.raises(UserError, match="max_length"):
        project.prepare()
    assert not project.lock.exists()


def test_a_damaged_lock_stops_everything_but_an_update(project: Project) -> None:
    with project.hub.open():
        project.prepare()
        whole = project.lock.read_text()
        project.lock.write_text(whole[: len(whole) // 2])
        for command in (project.plan, project.prepare):
            with pytest.raises(UserError, match=r"small\.lock\.json: this is no lock file"):
                command()
        project.prepare(update=True)
        assert project.lock.read_text() == whole


def test_grids_side_by_side_have_their_own_locks(
    project: Project, encoders: dict[str, Path]
) -> None:
    project.move_hub(encoders, OLD)
    with project.hub.open():
        project.prepare()
        project.move_hub(encoders, NEW)
        first = project.file
        project.write(name="other")
        request = replace(project.request(), files=[first, project.file])
        prepare(request, project.store, project.cache)
    plan = planning.make(request, project.store, project.cache)
    assert [pins.read_text().count(OLD) for pins in map(locking.place, request.files)] == [1, 0]
    assert len(plan.runs) == 2
