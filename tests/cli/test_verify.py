"""`dpsrun verify` repeats runs with the installed command; the results stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.errors import UserError
from dpsrun.runs.spec import Places
from dpsrun.runs.store import Store
from tests.command import Bench
from tests.report.builder import make_results, make_run

SAME = "weights same, predictions same, order same"
KEY = ("rte", "vanilla", 0)


def runs(bench: Bench) -> list[str]:
    return Store(bench.folder / "results").run_ids()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_repetition_leaves_the_results_alone_and_says_in_words_what_is_the_same(
    bench: Bench,
) -> None:
    quick = bench.quick  # that a training repeats itself is shown with the grids
    assert quick.say("grid", quick.grid()).code == 0
    before = contents(quick.folder / "results")
    ended = quick.say("verify", *runs(quick), "--workers", "2")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [f"{run}: {SAME}" for run in runs(quick)]
    assert contents(quick.folder / "results") == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("rte-bert-2x8-vanila", "did you mean 'rte-bert-2x8-vanilla-s"),
        ("vanilla-s1", "has no result yet"),
        ("vanilla-s0", "its model is gone: there is no folder model"),
    ],
)
def test_a_run_that_cannot_be_repeated_is_the_users_to_mend(
    tmp_path: Path, words: str, expected: str
) -> None:
    store = make_results(tmp_path, {KEY: 0.6, ("rte", "vanilla", 1): None})
    ended = CliRunner().invoke(app, ["verify", words, "--results", str(store.root)])
    assert isinstance(ended.exception, UserError)
    assert expected in str(ended.exception)


def test_an_interrupted_repetition_says_so_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpsrun.execution.verify.drive", lambda *_: False)
    store = make_results(tmp_path, {KEY: 0.6})
    store.order(make_run(KEY), Places(model=str(tmp_path), tokens=str(tmp_path)))
    ended = CliRunner().invoke(app, ["verify", "vanilla", "--results", str(store.root)])
    assert ended.exit_code == 130
    assert "the repetition failed: interrupted: it left no result" in ended.stdout
