"""The ways in which a user may want runs to be done, or not to be done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dpsrun.runs.result import CODE, Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.cli.waiting import alive, made_to_wait
from tests.command import Bench, Ended
from tests.standin import EXTRA


@pytest.fixture
def extra(bench: Bench) -> Bench:
    """A bench with the badly behaved methods of another package."""
    return bench.finding(EXTRA)


@pytest.fixture(scope="module")
def finished(lasting: Callable[[], Bench]) -> tuple[Bench, Ended]:
    """A folder with a grid of one run that is done, and what was printed meanwhile.

    Here a stand-in trains: these are questions to the launcher, whatever its workers compute.
    """
    bench = lasting().quick
    return bench, bench.say("grid", bench.grid(methods=["vanilla"]))


@pytest.fixture
def again(finished: tuple[Bench, Ended], tmp_path: Path) -> Bench:
    """A copy of that folder."""
    return finished[0].copied(tmp_path / "copy")


def attempts(bench: Bench) -> list[int]:
    store = Store(bench.folder / "results")
    return sorted(len(store.attempts(run)) for run in store.run_ids())


def results(bench: Bench) -> list[Result]:
    store = Store(bench.folder / "results")
    found = (store.result(run) for run in store.run_ids())
    return [result for result in found if isinstance(result, Result)]


def test_a_grid_that_only_fails_can_be_stopped(extra: Bench) -> None:
    grid = extra.grid(methods=["raises"], seeds=range(3))
    ended = extra.quick.say("grid", grid, "--workers", "1", "--fail-fast")
    assert ended.code == 3
    assert "stopped after failure: error: this method always fails" in ended.err
    assert "2 runs are still to be done; do them with the same command" in ended.err
    assert attempts(extra) == [0, 0, 1]


def test_a_run_that_takes_too_long_is_ended(bench: Bench) -> None:
    waiting = made_to_wait(bench.quick)
    grid = waiting.grid(methods=["waits"])
    ended = waiting.say("grid", grid, "--timeout", "2s")
    assert ended.code == 3
    assert "timeout: took longer than 2 s" in ended.err
    assert "do them again with: --retry timeout" in ended.err
    assert [result.outcome for result in results(waiting)] == ["timeout"]
    assert not alive(waiting)


def test_a_run_that_does_not_fit_into_memory_keeps_its_batch(extra: Bench) -> None:
    ended = extra.say("grid", extra.grid(methods=["hungry"]), "--workers", "2")
    assert ended.code == 0, ended.err
    for words in ("alone on its device", "alone, 8 examples", "alone, 4 examples at a time"):
        assert f"ran out of memory; it is done again {words}" in ended.err
    (result,) = results(extra)
    assert result.effective["batch_size"] == 16
    assert result.effective["micro_batch_size"] == 4
    assert attempts(extra) == [4]


def test_everything_is_done_again_by_force_in_silence_and_comes_out_the_same(
    finished: tuple[Bench, Ended], again: Bench
) -> None:
    ended = again.say("grid", "small.yaml", "--force", "--progress", "none")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == finished[1].out
    assert attempts(again) == [2]


def test_a_result_of_other_code_is_shown_and_neither_reused_in_silence_nor_thrown_away(
    again: Bench,
) -> None:
    store = Store(again.folder / "results")
    (run,) = store.run_ids()
    path = store.folder(run) / "result.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "code": CODE - 1}))
    assert again.say("plan", "small.yaml", "--json").json["summary"]["states"]["stale"] == 1
    assert again.say("status", "results", "--json").json["grids"][0]["stale"] == 1
    ended = again.say("grid", "small.yaml")
    assert ended.code == 3
    assert "1 run stale, computed by another version of dpsrun" in ended.err
    markdown = (again.folder / "results/tables/small/stability.md").read_text()
    assert "1 run was computed by another version of dpsrun" in markdown
    assert again.say("grid", "small.yaml", "--retry", "stale").code == 0
    assert state_of(store, run) == "done"
    assert attempts(again) == [2]


def test_a_model_that_changed_makes_new_runs_and_the_old_results_are_named(again: Bench) -> None:
    (old,) = Store(again.folder / "results").run_ids()
    link = again.folder / "tiny"
    other = Path(shutil.copytree(link.resolve(), again.folder / "other"))
    link.unlink()
    link.symlink_to(other)
    (other / "tokenizer.json").write_text((other / "tokenizer.json").read_text() + "\n")
    plan = again.say("plan", "small.yaml", "--json").json
    assert plan["summary"]["states"]["new"] == 1
    assert plan["outdated"] == [old]
    words = "1 result of other data or another model under the same name: kept, not used"
    assert f"{words}\n  {old}\n" in again.say("plan", "small.yaml").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--timeout", "soon"], "--timeout soon: write a time such as 90s, 30m or 2h"),
        (["--progress", "plane"], "--progress plane: did you mean 'plain'?"),
        (["--runs-per-gpu", "0"], "--runs-per-gpu 0: use auto or a number from 1 on"),
        (["--retry", "stail"], "--retry stail: did you mean 'stale'?"),
        (["--stop-after", "0"], "--stop-after"),
    ],
)
def test_a_wrong_word_is_told_before_anything_starts(
    bench: Bench, words: list[str], said: str
) -> None:
    ended = bench.say("grid", bench.grid(), *words)
    assert ended.code == 2
    assert said in ended.err
    assert not (bench.folder / "results").exists()
