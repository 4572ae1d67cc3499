"""Every option of `grid` and `plan` on the command line; none of these trains."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from dpsrun import __version__
from dpsrun.runs.result import CODE, Failure, Outcome, Result
from dpsrun.runs.store import Store
from tests.command import Bench, Ended

SEEDS = (0, 1)
NONE = {"new": 0, "running": 0, "done": 0, "failed": 0, "stale": 0}


@pytest.fixture
def grid(bench: Bench) -> Path:
    return bench.grid(seeds=SEEDS, tasks=["mini-rte", "mini-cola"])


def plan(bench: Bench, *words: str | Path) -> Any:
    ended = bench.fork("plan", *words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return ended.json


def planned(bench: Bench, *words: str | Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = plan(bench, *words)["runs"]
    return runs


def refused(ended: Ended) -> str:
    """Give what a user is told who can mend something."""
    assert ended.code == 2, ended
    assert ended.out == ""
    return " ".join(ended.err.split())


def test_plan_shows_every_run_and_changes_nothing(bench: Bench, grid: Path) -> None:
    before = sorted(path.name for path in bench.folder.iterdir())
    ended = bench.say("plan", grid)
    assert ended.code == 0
    runs = planned(bench, grid)
    assert len(runs) == 8
    assert all(run["run"] in ended.out for run in runs)
    assert "8 runs: 8 new; 32 steps to do" in ended.out
    assert {(run["state"], run["steps"], run["seconds"]) for run in runs} == {("new", 4, None)}
    assert sorted(path.name for path in bench.folder.iterdir()) == before


def test_only_picks_runs(bench: Bench, grid: Path) -> None:
    runs = planned(bench, grid, "--only", "task=mini-r*,method=still", "--only", "seed=1")
    assert {(run["task"], run["method"]) for run in runs if run["seed"] == "0"} == {
        ("mini-rte", "still")
    }
    assert len(runs) == 5


def test_only_that_picks_nothing_is_named(bench: Bench, grid: Path) -> None:
    assert "mini-rte" in refused(bench.fork("grid", grid, "--only", "task=mini-rt"))
    assert refused(bench.fork("plan", grid, "--only", "tusk=mini-rte"))


def test_a_model_can_lie_elsewhere(bench: Bench, grid: Path) -> None:
    expected = planned(bench, grid)
    elsewhere = bench.folder / "elsewhere"
    shutil.copytree(bench.folder / "tiny", elsewhere)
    (bench.folder / "tiny").unlink()
    assert "tiny" in refused(bench.fork("plan", grid))
    assert planned(bench, grid, "--model", "tiny=./elsewhere") == expected
    assert "did you mean 'tiny'" in refused(bench.fork("plan", grid, "--model", "tini=./elsewhere"))
    assert "--model NAME=PLACE" in refused(bench.fork("plan", grid, "--model", "elsewhere"))


def test_data_can_lie_elsewhere(bench: Bench, grid: Path) -> None:
    assert "takes no --data" in refused(bench.fork("plan", grid, "--data", "mini=./data"))
    assert "no grid uses 'glue'" in refused(bench.fork("grid", grid, "--data", "glue=./data"))


def test_results_say_what_is_done_already(bench: Bench, grid: Path) -> None:
    run = planned(bench, grid)[0]["run"]
    failure = Failure(kind="error", message="ended")
    outcomes: dict[str, Outcome] = {"done": "ok", "failed": "error"}
    for name, outcome in outcomes.items():
        store = Store(bench.folder / name)
        told = None if outcome == "ok" else failure
        store.finish(
            Result(run=run, attempt=store.begin(run), code=CODE, outcome=outcome, failure=told)
        )
        assert planned(bench, grid, "--results", name)[0]["state"] == name
        states = {**NONE, "new": 7, name: 1}
        assert plan(bench, grid, "--results", name)["summary"]["states"] == states
    assert {run["state"] for run in planned(bench, grid)} == {"new"}


def test_workers_and_device_count_the_slots(bench: Bench, grid: Path) -> None:
    summary = plan(bench, grid, "--workers", "3", "--device", "cpu")["summary"]
    states = {**NONE, "new": 8}
    assert summary == {"states": states, "steps": 32, "seconds": None, "slots": 3}
    assert plan(bench, grid, "--workers", "1")["summary"]["slots"] == 1
    assert "greater than or equal to 1" in refused(bench.fork("plan", grid, "--workers", "0"))


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("cuda", "no GPU is visible here; use --device cpu"),
        ("cuda:1", "no GPU is visible here; use --device cpu"),
        ("gpu", "use auto, cpu, cuda or a list such as cuda:0,cuda:1"),
    ],
)
def test_a_device_that_is_not_there_is_named(
    bench: Bench, grid: Path, device: str, words: str
) -> None:
    assert words in refused(bench.fork("grid", grid, "--device", device))


def test_a_kind_of_failure_that_does_not_exist_is_named(bench: Bench, grid: Path) -> None:
    said = refused(bench.fork("grid", grid, "--retry", "errror"))
    assert "--retry errror: did you mean 'error'?" in said


@pytest.mark.parametrize("command", ["grid", "plan"])
def test_what_cannot_be_read_is_named_with_its_line(bench: Bench, command: str) -> None:
    assert "nowhere.yaml" in refused(bench.fork(command, "nowhere.yaml"))
    (bench.folder / "bad.yaml").write_text("name: bad\ntasks: [rte\nmodels: [x]\n")
    assert "bad.yaml:3" in refused(bench.fork(command, "bad.yaml"))
    wrong = bench.grid(name="wrong", tasks=["mini-rta"], training={"warmup_ratio": 0.1})
    said = refused(bench.fork(command, wrong))
    lines = wrong.read_text(encoding="utf-8").splitlines()
    for word, advice in (("mini-rta", "did you mean 'mini-rte'"), ("warmup_ratio", "warmup_fract")):
        (line,) = [number for number, text in enumerate(lines, 1) if word in text]
        assert f"wrong.yaml:{line}: " in said
        assert advice in said
    assert not (bench.folder / "results").exists()


def test_the_name_of_the_table_over_all_grids_is_taken(bench: Bench) -> None:
    assert "'all' is the table over all grids" in refused(
        bench.fork("plan", bench.grid(name="all"))
    )


def test_a_results_folder_that_cannot_be_written_is_named(bench: Bench, grid: Path) -> None:
    (bench.folder / "file").write_text("in the way")
    said = refused(bench.fork("grid", grid, "--results", "file"))
    assert "--results file: cannot be written: " in said


def test_two_grids_share_the_runs_that_are_equal(bench: Bench, grid: Path) -> None:
    other = bench.grid(name="other", methods=["vanilla"], seeds=(1, 2))
    said = bench.fork("plan", grid, other).out
    assert "9 runs: 9 new" in said
    runs = planned(bench, grid, other)
    assert len(runs) == 10
    assert [run["grid"] for run in runs[-2:]] == ["other", "other"]


def test_the_command_knows_its_version_and_helps(bench: Bench) -> None:
    assert bench.say("--version").out == f"dpsrun {__version__}\n"
    short, long = bench.fork("-h"), bench.fork("--help")
    assert short.out == long.out
    for command in ("grid", "plan", "report", "status", "show", "tasks", "methods"):
        assert f" {command} " in long.out
    assert " work " not in long.out
    helped = bench.given(COLUMNS="120").fork("grid", "--help").out
    for option in ("--results", "--only", "--data", "--model", "--device", "--workers", "--retry"):
        assert option in helped


def test_an_option_or_command_that_does_not_exist_is_named(bench: Bench, grid: Path) -> None:
    assert "--wrokers" in refused(bench.fork("grid", grid, "--wrokers", "2"))
    assert "gird" in refused(bench.fork("gird", grid))
    assert "GRID" in refused(bench.fork("plan"))


def test_all_that_is_wrong_with_models_and_data_is_said_at_once(bench: Bench) -> None:
    (bench.folder / "data").mkdir()
    tasks, models = ["mini-rte", "rte", "cola"], ["./nowhere", "package:nothing", "no/where"]
    wrong = bench.grid(name="wrong", tasks=tasks, models=models, data={"glue": "./data"})
    said = refused(bench.fork("plan", wrong))
    assert "rte: no folder 'rte' in" in said
    assert "cola: no folder 'cola' in" in said
    assert "nowhere': there is no such folder" in said
    assert "no package 'nothing' is installed" in said
    assert said.endswith("--model where=PATH")


def test_a_text_too_long_for_the_tokeniser_is_refused_before_anything_starts(bench: Bench) -> None:
    shutil.copytree(bench.folder / "tiny", bench.folder / "short")
    (bench.folder / "short/tokenizer_config.json").write_text('{"model_max_length": 32}')
    said = refused(bench.fork("plan", bench.grid(model="./short")))
    assert "max_length 64 is too long: short takes 32 tokens" in said


def test_a_cache_that_cannot_be_used_is_named(bench: Bench, grid: Path) -> None:
    (bench.folder / "file").write_text("in the way")
    cache = str(bench.folder / "file")
    said = refused(bench.given(DPSRUN_CACHE=cache).fork("plan", grid))
    assert f"the cache {cache} cannot be used: " in said
    assert "DPSRUN_CACHE can name another folder" in said
