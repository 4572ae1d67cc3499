"""`dpsrun doctor` by its lines and exit codes; in this process, since libraries load slowly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.errors import ConfigError, UserError
from dpsrun.offline import lock as locking
from dpsrun.offline import machine
from dpsrun.offline.finding import CODES
from tests.command import Bench


@pytest.fixture(autouse=True)
def here(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the bench's folder, without a hub, and take it that packages load."""
    from huggingface_hub import constants

    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("DPSRUN_CACHE", bench.environment["DPSRUN_CACHE"])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(bench.folder / "hub"))
    monkeypatch.setattr(machine, "MODULES", ())


def doctor(*words: str | Path) -> tuple[int, list[str]]:
    """Give the exit code, and the lines of what is not well."""
    ended = CliRunner().invoke(app, ["doctor", *map(str, words), "--device", "cpu"])
    if isinstance(ended.exception, UserError):
        raise ended.exception
    lines = ended.output.splitlines()
    return ended.exit_code, [line for line in lines if not line.startswith("ok")]


def test_a_healthy_machine_is_missing_nothing() -> None:
    code, troubles = doctor()
    assert code == 0
    assert not [line for line in troubles if line.startswith("missing")]


def test_a_grid_that_can_be_run_is_counted(bench: Bench) -> None:
    grid = bench.grid(seeds=[0, 1])
    ended = CliRunner().invoke(app, ["doctor", str(grid), "--device", "cpu", "--json"])
    said = {finding["words"] for finding in json.loads(ended.output)}
    assert ended.exit_code == 0
    assert {"small: 4 runs in all, 0 done"} <= said
    assert any(words.startswith("mini-rte: ") for words in said)
    assert any(words.startswith("tiny: bert-1x16 in ") for words in said)
    assert any("sets of tokens prepared" in words for words in said)
    assert not (bench.folder / "results").exists()


def test_everything_that_is_missing_is_named_at_once(bench: Bench) -> None:
    grid = bench.grid(tasks=["rte", "mini-rte"], model="nobody/bert")
    code, troubles = doctor(grid)
    assert code == CODES["data"] + CODES["models"]
    missing = [line for line in troubles if line.startswith("missing")]
    assert len(missing) == 2
    assert "data      rte: no folder nyu-mll/glue here" in missing[0]
    assert "give --data glue=PATH" in missing[0]
    assert "models    model nobody/bert: no folder of this name here" in missing[1]
    assert all("run dpsrun prepare where there is a network" in line for line in missing)


def test_a_lock_that_the_grid_does_not_keep_is_named(bench: Bench) -> None:
    grid = bench.grid()
    contents: dict[str, Any] = {"models": {"tiny": "old"}, "data": {}, "evaluate": {}}
    lock = {"schema_number": 1, "repositories": [], "versions": {}, "contents": contents}
    locking.place(grid).write_text(json.dumps(lock))
    code, troubles = doctor(grid)
    assert code == CODES["data"] + CODES["models"]
    assert any("model tiny has other contents now" in line for line in troubles)
    assert any("task mini-rte is not in it" in line for line in troubles)


def test_a_damaged_lock_and_a_lock_of_other_versions_are_settings(bench: Bench) -> None:
    grid = bench.grid()
    locking.place(grid).write_text("{")
    code, troubles = doctor(grid)
    assert code == CODES["settings"]
    assert "this is no lock file" in troubles[-1]
    contents: dict[str, Any] = {"models": {}, "data": {}, "evaluate": {}}
    lock = {"schema_number": 1, "repositories": [], "versions": {"torch": "1"}}
    locking.place(grid).write_text(json.dumps(lock | {"contents": contents}))
    assert any("made with other versions: torch 1, here " in line for line in doctor(grid)[1])


def test_a_tokeniser_that_cannot_be_used_is_found_before_it_is_needed(
    bench: Bench, tiny: Path
) -> None:
    broken = shutil.copytree(tiny, bench.folder / "broken")
    (broken / "tokenizer.json").write_text("{}")
    code, troubles = doctor(bench.grid(model="./broken"))
    assert code == CODES["models"]
    assert "broken: no tokenizer can be made from" in troubles[-1]


def test_more_threads_than_cores_is_a_warning(bench: Bench) -> None:
    code, troubles = doctor(bench.grid(training={"threads": 4096}))
    assert code == 0
    assert any("threads: 4096 is more than the" in line for line in troubles)


def test_a_mistake_in_a_grid_file_stays_one(bench: Bench) -> None:
    for training in ({"epoch": 3}, {"max_length": 4096}):
        with pytest.raises(ConfigError):
            doctor(bench.grid(training=training))


def test_the_help_gives_the_codes() -> None:
    words = " ".join(CliRunner().invoke(app, ["doctor", "--help"]).output.split())
    assert all(f"{code} {area}" in words for area, code in CODES.items())
