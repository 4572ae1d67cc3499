"""Every option of the commands that read, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Bench
from tests.report.builder import make_results


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A folder with the results of two grids; these commands add only tables to it."""
    folder = tmp_path_factory.mktemp("reading")
    make_results(folder, {("rte", "vanilla", 0): 0.6}, grid="one")
    make_results(folder, {("mrpc", "vanilla", 1): 0.8, ("mrpc", "vanilla", 2): "oom"}, grid="two")
    make_results(folder / "other", {("cola", "vanilla", 7): 0.5}, grid="other")
    return Bench(folder)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("report", "tables/two/stability.md"),
        ("report results --all --no-figures", "tables/all/stability.md"),
        ("report --grid one --no-figures", "tables/one/stability.md"),
        ("report other/results --no-figures", "tables/other/stability.md"),
        ("status", "ended by oom"),
        ("status other/results", "other"),
        ("show rte-bert", "in grid one"),
        ("show cola --results other/results", "in grid other"),
        ("tasks", "mini-stsb"),
        ("methods", "dps-mix"),
        ("methods dps-dense", "drop_fraction"),
    ],
)
def test_people_are_told_what_they_ask_for(bench: Bench, words: str, expected: str) -> None:
    ended = bench.fork(*words.split())
    assert (ended.code, ended.err) == (0, "")
    assert expected in ended.out


@pytest.mark.parametrize(
    ("words", "path", "expected"),
    [
        ("report --json --no-figures", ("grids", 1, "grid"), "two"),
        ("report --json --all --no-figures", ("grids", 0, "outcomes", "ok"), 2),
        ("report --json --grid two --no-figures", ("grids", 0, "outcomes", "ok"), 1),
        ("status --json", ("failures", 0, "outcome"), "oom"),
        ("show rte-bert --json", ("order", "spec", "task"), "rte"),
        ("show cola --json --results other/results", ("order", "spec", "seeds", "init"), 7),
        ("tasks --json", (0, "name"), "cola"),
        ("methods --json", (0, "name"), "vanilla"),
        ("methods dps-mix --json", (0, "name"), "dps-mix"),
    ],
)
def test_machines_are_told_the_same_as_json(
    bench: Bench, words: str, path: tuple[str | int, ...], expected: str | int
) -> None:
    ended = bench.fork(*words.split())
    assert (ended.code, ended.err) == (0, "")
    found = ended.json
    for key in path:
        found = found[key]
    assert found == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("report nowhere", "there is no such folder"),
        ("report --grid three", "there is no grid 'three'"),
        ("report --grid one --all", "exclude each other"),
        ("status nowhere", "there is no such folder"),
        ("show", "Missing argument"),
        ("show nothing", "nothing"),
        ("show rte-bert --results nowhere", "there is no such folder"),
        ("methods dps-mixx", "did you mean 'dps-mix'?"),
        ("tasks --jsn", "--jsn"),
        ("methods --json=yes", "--json"),
    ],
)
def test_a_wrong_word_is_named_without_a_traceback(bench: Bench, words: str, expected: str) -> None:
    ended = bench.fork(*words.split())
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err


def test_these_commands_left_the_runs_as_they_were(bench: Bench) -> None:
    runs = list((bench.folder / "results/runs").iterdir())
    assert len(runs) == 3
    assert all(Path(run, "spec.json").is_file() for run in runs)
