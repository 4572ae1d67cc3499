"""Models and data of the hub: fetched once, then at hand without a network."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.command import Bench
from tests.hub.conftest import DATA, NEW, OLD
from tests.hub.server import Hub
from tests.places import EXPERIMENTS

GLUE_GRID = EXPERIMENTS / "glue.yaml"
HUB_GRID: dict[str, Any] = {"model": "tiny/bert", "tasks": ["rte", "stsb"], "methods": ["vanilla"]}


def ids(bench: Bench, *words: str | Path) -> list[str]:
    ended = bench.say("plan", *words, "--json")
    assert ended.code == 0, ended.err
    return [run["run"] for run in ended.json["runs"]]


def test_what_was_fetched_once_serves_without_a_network(bench: Bench, hub: Hub) -> None:
    grid = bench.grid(**HUB_GRID)
    with hub.open():
        fetched = bench.say("plan", grid)
    assert fetched.code == 0, fetched.err
    for name in ("nyu-mll/glue", "tiny/bert"):
        assert f"fetching {name} from the hub\n" in fetched.err

    for setting in ("0", "1"):
        offline = bench.given(HF_HUB_OFFLINE=setting).say("plan", grid)
        assert (offline.code, offline.out) == (0, fetched.out)
        assert "fetching" not in offline.err


def test_the_hub_and_a_folder_of_the_same_content_are_the_same_run(
    bench: Bench, hub: Hub, encoders: dict[str, Path], glue: Path
) -> None:
    grid = bench.grid(**HUB_GRID)
    with hub.open():
        fetched = ids(bench, grid)
    here = ["--model", f"bert={encoders[NEW]}", "--data", f"glue={glue}"]
    assert ids(bench.given(HF_HOME=str(bench.folder / "empty")), grid, *here) == fetched


def test_a_pinned_revision_is_what_is_fetched(
    bench: Bench, hub: Hub, encoders: dict[str, Path]
) -> None:
    newest = bench.grid(name="newest", **HUB_GRID)
    pinned = bench.grid(
        name="pinned",
        **{**HUB_GRID, "model": f"tiny/bert@{OLD}"},
        data={"glue": f"nyu-mll/glue@{DATA}"},
    )
    with hub.open():
        fetched = ids(bench, pinned)
        assert set(fetched).isdisjoint(ids(bench, newest))
    assert ids(bench, pinned, "--model", f"tiny/bert={encoders[OLD]}") == fetched


def test_an_unknown_revision_or_repository_is_named(bench: Bench, hub: Hub) -> None:
    with hub.open():
        revision = bench.say("plan", bench.grid(**{**HUB_GRID, "model": "tiny/bert@nothing"}))
        repository = bench.say("plan", bench.grid(**{**HUB_GRID, "model": "tiny/bart"}))
    assert (revision.code, repository.code) == (2, 2)
    assert "model tiny/bert@nothing: no folder of this name here" in revision.err
    assert "Revision Not Found" in revision.err
    assert "Repository Not Found" in repository.err
    assert repository.err.endswith("--model bart=PATH\n")


@pytest.mark.parametrize("state", ["offline", "refused", "broken"])
def test_without_the_hub_the_command_that_helps_is_given(
    bench: Bench, hub: Hub, state: str
) -> None:
    hub.broken = state == "broken"
    if state == "refused":
        hub.server_close()
    cut = bench.given(HF_HUB_OFFLINE="1" if state == "offline" else "0")
    with hub.open() if state == "broken" else nullcontext():
        ended = cut.say("grid", GLUE_GRID)
    assert ended.code == 2
    assert ended.out == ""
    assert "cola: no folder nyu-mll/glue here" in ended.err
    assert "model bert-large-cased: no folder of this name here" in ended.err
    assert ended.err.splitlines()[-1] == (
        f"type: dpsrun grid {GLUE_GRID} --data glue=PATH --model bert-large-cased=PATH"
    )
    assert not (bench.folder / "results").exists()


@pytest.mark.parametrize("wrong", [[], ["--model", "tiny=nonexistent", "--data=glue=nobody/glue"]])
def test_the_command_that_is_given_works_once_the_places_are_filled_in(
    bench: Bench, encoders: dict[str, Path], glue: Path, wrong: list[str]
) -> None:
    offline = bench.given(HF_HUB_OFFLINE="1")
    models = [{"label": "tiny", "source": "tiny/bert"}]
    grid = offline.grid(tasks=HUB_GRID["tasks"], methods=["vanilla"], models=models)
    ended = offline.say("plan", grid, *wrong)
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert line == f"type: dpsrun plan {grid} --data glue=PATH --model tiny=PATH"
    filled = line.replace("glue=PATH", f"glue={glue}").replace("tiny=PATH", f"tiny={encoders[NEW]}")
    again = offline.say(*shlex.split(filled.removeprefix("type: dpsrun ")))
    assert again.code == 0, again.err
