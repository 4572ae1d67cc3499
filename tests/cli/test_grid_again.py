"""`dpsrun grid` runs what is missing, and nothing else; the numbers do not depend on how."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.cli.test_imports import imported
from tests.cli.test_verify import contents, runs
from tests.command import Bench, Ended

SEEDS = (0, 1)
STARTED = re.compile(r"^\S+ start (\S+) on ", re.MULTILINE)


@pytest.fixture(scope="session")
def finished(lasting: Callable[[], Bench]) -> tuple[Bench, Ended]:
    """A folder with a finished grid of four runs, and what was printed meanwhile."""
    bench = lasting()
    return bench, bench.say("grid", bench.grid(seeds=SEEDS), "--workers", "2")


@pytest.fixture
def again(finished: tuple[Bench, Ended], tmp_path: Path) -> Bench:
    """A copy of that folder."""
    return finished[0].copied(tmp_path / "copy")


@pytest.fixture
def quick(bench: Bench) -> Bench:
    """Another finished grid of four runs, and a bench that does runs without training.

    What is missing follows from files. That a training comes to the same numbers again is shown by
    the test of one worker.
    """
    bench.grid(seeds=SEEDS)
    assert bench.quick.say("grid", "small.yaml").code == 0
    return bench.quick


def started(ended: Ended) -> list[str]:
    return STARTED.findall(ended.err)


def table(bench: Bench, results: str = "results") -> bytes:
    return (bench.folder / results / "tables/small/stability.csv").read_bytes()


def hashes(bench: Bench, results: str = "results") -> dict[str, dict[str, str]]:
    store = Store(bench.folder / results)
    found = {run: store.result(run) for run in store.run_ids()}
    return {run: result.hashes for run, result in found.items() if isinstance(result, Result)}


def change(path: Path, *names: str, value: Any) -> None:
    """Change one value of a JSON file, and nothing that is linked to it."""
    record = json.loads(path.read_text(encoding="utf-8"))
    *above, last = names
    part = record
    for name in above:
        part = part[name]
    part[last] = value
    path.unlink()
    path.write_text(json.dumps(record), encoding="utf-8")


def test_a_grid_runs_and_prints_its_table_in_plain_lines(finished: tuple[Bench, Ended]) -> None:
    bench, ended = finished
    assert ended.code == 0, ended.err
    assert len(started(ended)) == 4
    assert "small: last epoch, mean ± sd x 100" in ended.out
    assert "(n=2" in ended.out
    assert "4/4 runs" in ended.err
    assert not re.search(r"[\r\x1b]", ended.out + ended.err)
    assert all(
        set(found) == {"weights", "predictions", "order"} for found in hashes(bench).values()
    )


def test_a_second_call_runs_nothing_and_prints_the_same(
    finished: tuple[Bench, Ended], again: Bench
) -> None:
    ended = again.say("grid", "small.yaml")
    assert (ended.code, started(ended), ended.err) == (0, [], "")
    assert ended.out == finished[1].out


def test_a_seed_that_is_added_and_results_that_are_lost_or_damaged_are_all_that_runs(
    quick: Bench,
) -> None:
    expected, before = table(quick), hashes(quick)
    lost, damaged, *_ = before
    shutil.rmtree(quick.folder / "results/runs" / lost)
    broken = quick.folder / "results/runs" / damaged / "result.json"
    shutil.rmtree(broken.parent / "attempts")
    broken.write_text('{"run": ', encoding="utf-8")
    ended = quick.say("grid", quick.grid(seeds=(*SEEDS, 2)))
    assert ended.code == 0
    assert "(n=3" in ended.out
    added = set(started(ended)) - {lost, damaged}
    assert [re.findall(r"-s\d-", run) for run in added] == [["-s2-"], ["-s2-"]]
    assert len(started(ended)) == 4
    assert f"results/runs/{damaged}/result.json is damaged" in ended.err
    (kept,) = broken.parent.glob("result.json.damaged-*")
    assert kept.read_text(encoding="utf-8") == '{"run": '
    assert before.items() < hashes(quick).items()
    assert quick.say("grid", quick.grid(seeds=SEEDS)).err == ""
    assert table(quick) == expected


def test_a_training_that_ended_but_was_not_published_is_not_done_again(again: Bench) -> None:
    expected, before = table(again), hashes(again)
    for path in (again.folder / "results/runs").glob("*/result.json"):
        path.unlink()
    ended = again.say("grid", "small.yaml")
    assert (ended.code, started(ended)) == (0, [])
    assert (table(again), hashes(again)) == (expected, before)


def test_an_order_that_cannot_be_written_is_named(quick: Bench) -> None:
    run, *_ = hashes(quick)
    (quick.folder / "other/runs" / run / "spec.json").mkdir(parents=True)
    ended = quick.say("grid", "small.yaml", "--results", "other")
    assert (ended.code, started(ended)) == (2, [])
    assert "--results other: cannot be written: Is a directory" in ended.err


def test_one_worker_gives_the_same_numbers_as_two_and_its_launcher_never_loads_torch(
    again: Bench,
) -> None:
    words = ["grid", "small.yaml", "--workers", "1", "--device", "cpu", "--results", "other"]
    loaded, said = imported(again, *words)
    assert {"torch", "transformers", "datasets"}.isdisjoint(loaded)
    assert {word for word in said.split() if word.startswith("cpu:")} == {"cpu:0"}
    assert hashes(again, "other") == hashes(again)
    assert table(again, "other") == table(again)


def test_verify_tells_what_is_the_same_and_what_is_not_or_fails_with_its_causes(
    again: Bench, tmp_path: Path
) -> None:
    same, other, failing, _ = runs(again)
    folder = again.folder / "results" / "runs"
    change(folder / other / "result.json", "hashes", "weights", value="0" * 64)
    change(folder / other / "result.json", "environment", "python", value="2.7")
    (tmp_path / "another model").mkdir()
    change(folder / failing / "spec.json", "places", "model", value=str(tmp_path / "another model"))
    before = contents(again.folder / "results")
    ended = again.say("verify", same, other, failing, "--workers", "2", "--json")
    assert ended.code == 3, ended.err
    assert contents(again.folder / "results") == before
    zeroth, first, second = ended.json
    assert (zeroth["run"], zeroth["agrees"]) == (same, True)
    assert zeroth["hashes"] == dict.fromkeys(("weights", "predictions", "order"), "same")
    assert first["hashes"] == {"weights": "different", "predictions": "same", "order": "same"}
    assert "environment.python" in [cause["name"] for cause in first["differences"]]
    assert (second["run"], second["agrees"], second["hashes"]) == (failing, False, {})
    assert "has changed since the run was planned" in second["failure"]["message"]


def test_plan_knows_what_is_done_and_how_long_the_rest_may_take(again: Bench) -> None:
    runs = again.say("plan", again.grid(seeds=(*SEEDS, 2)), "--json").json["runs"]
    assert [run["state"] for run in runs if run["seed"] == "2"] == ["new", "new"]
    assert {run["state"] for run in runs if run["seed"] != "2"} == {"done"}
    assert all(run["seconds"] > 0 for run in runs)
    said = again.say("plan", "small.yaml", "--workers", "2").out
    assert re.search(r"6 runs: 2 new, 4 done; 8 steps to do, about \d+ s with 2 at a time", said)


def test_a_report_is_drawn_from_what_trainings_leave(again: Bench) -> None:
    ended = again.say("report", "results")
    assert (ended.code, ended.err) == (0, "")
    assert "cannot be read" not in ended.out
    assert (again.folder / "results/tables/small/training.png").is_file()


def test_the_record_says_what_the_run_was_really_like(finished: tuple[Bench, Ended]) -> None:
    bench, _ = finished
    (run, *_) = hashes(bench)
    record = json.loads((bench.folder / "results/runs" / run / "result.json").read_text())
    assert record["timing"]["steps"] == 4
    assert record["effective"]["precision"] == "fp32"
