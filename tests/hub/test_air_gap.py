"""From a machine with a network to one without: the whole way, through the installed command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.command import Bench
from tests.hub.conftest import NEW, OLD
from tests.hub.server import Hub

GRID: dict[str, Any] = {"model": "tiny/bert", "tasks": ["rte"], "methods": ["vanilla"]}


def test_what_was_prepared_runs_without_a_network_and_stays_when_the_hub_moves(
    bench: Bench, hub: Hub, encoders: dict[str, Path], tmp_path: Path
) -> None:
    """One real run, on the machine that the caches were copied to."""
    older = with_a_hub_id_in_its_way(encoders[OLD], tmp_path / "older")
    hub.repositories["models", "tiny/bert"] = {OLD: older}
    grid = bench.grid(**GRID)
    with hub.open():
        prepared = bench.say("prepare", grid)
        assert prepared.code == 0, prepared.err
        assert "small.lock.json: written; runs that are ready: 1" in prepared.out
        assert f"copy {bench.folder}/hub/hub (with its links: cp -a)" in prepared.out
        assert f"copy {bench.folder}/cache to its DPSRUN_CACHE" in prepared.out

        hub.repositories["models", "tiny/bert"] = {OLD: older, NEW: encoders[NEW]}
        hub.requests.clear()
        there = bench.copied(tmp_path.with_name(f"{tmp_path.name}-there"))
        grid = there.folder / grid.name
        planned = there.say("plan", grid, "--json")
        ran = there.say("grid", grid)
        assert ran.code == 0, ran.err
        assert hub.requests == []

    (run,) = planned.json["runs"]
    assert (there.folder / "results/runs" / run["run"] / "result.json").is_file()
    assert len(list((there.folder / "cache/tokens").iterdir())) == 1, "they came with the cache"


def with_a_hub_id_in_its_way(encoder: Path, folder: Path) -> Path:
    """Copy an encoder whose files say that they come from the hub."""
    folder.mkdir()
    for file in encoder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((folder / name).read_text())
        settings |= {"_name_or_path": "tiny/bert", "name_or_path": "tiny/bert"}
        (folder / name).write_text(json.dumps(settings))
    return folder
