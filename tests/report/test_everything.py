"""One table over all grids never mixes settings that only share a label."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.report.read import Report, everything_of, read
from dpsrun.runs.spec import Places, Training
from dpsrun.runs.store import Store
from tests.report.builder import FAST, Key, Wanted, finish, make_results, make_run, write_manifest

SLOW = Training(learning_rate=1e-5)


def combined(store: Store) -> Report:
    manifest, _ = everything_of(store)
    return read(store, manifest)


def rows(report: Report) -> dict[str, dict[str, float]]:
    return {row.method: dict(row.cells[0].scores) for row in report.last.rows}


def test_a_run_shared_by_two_grids_counts_once(tmp_path: Path) -> None:
    shared: dict[Key, Wanted] = {("rte", "vanilla", 0): 0.6}
    make_results(tmp_path, shared, grid="one")
    store = make_results(tmp_path, shared | {("rte", "vanilla", 1): 0.8}, grid="two")
    assert rows(combined(store)) == {"vanilla": {"s0": 0.6, "s1": 0.8}}


def test_equal_labels_of_different_settings_stay_apart(tmp_path: Path) -> None:
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="fast", training=FAST)
    store = make_results(tmp_path, {("rte", "vanilla", 1): 0.8}, grid="slow", training=SLOW)
    assert rows(combined(store)) == {"vanilla (fast)": {"s0": 0.6}, "vanilla (slow)": {"s1": 0.8}}


def test_settings_of_different_tasks_may_differ_within_a_row(tmp_path: Path) -> None:
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="fast", training=FAST)
    store = make_results(tmp_path, {("mrpc", "vanilla", 0): 0.8}, grid="slow", training=SLOW)
    (row,) = combined(store).last.rows
    assert row.average.scores == {"s0": 0.7}


@pytest.mark.parametrize("broken", [[1], [0, 1]], ids=["one", "both"])
def test_an_unreadable_spec_is_mixed_with_nothing(tmp_path: Path, broken: list[int]) -> None:
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="one")
    store = make_results(tmp_path, {("rte", "vanilla", 1): 0.8}, grid="two")
    for seed in broken:
        folder = store.folder(make_run(("rte", "vanilla", seed)).id)
        (folder / "spec.json").write_text("{", encoding="utf-8")
    assert set(rows(combined(store))) == {"vanilla (one)", "vanilla (two)"}


def test_a_left_over_run_with_an_unreadable_spec_still_counts(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6})
    run = make_run(("rte", "vanilla", 0)).id
    write_manifest(store, "demo", [])
    (store.folder(run) / "spec.json").write_text("{", encoding="utf-8")
    assert rows(combined(store)) == {run: {"-": 0.6}}


def test_runs_of_no_grid_are_in_it_by_their_settings(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6, ("rte", "vanilla", 1): 0.8})
    write_manifest(store, "demo", [])
    (row,) = combined(store).last.rows
    assert row.method.startswith("vanilla ")
    assert row.cells[0].scores == {"s0": 0.6, "s1": 0.8}


def test_left_over_runs_of_two_settings_are_two_rows(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for training, score in ((FAST, 0.6), (SLOW, 0.8)):
        run = make_run(("rte", "vanilla", 0), training=training)
        store.order(run, Places(model="model", tokens="tokens"))
        finish(store, run, score)
    assert [list(scores.values()) for scores in rows(combined(store)).values()] in (
        [[0.6], [0.8]],
        [[0.8], [0.6]],
    )


def test_a_thousand_runs_make_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # a disk may need seconds for so many files
    tasks = ("cola", "mrpc", "rte", "stsb")
    scores: dict[Key, Wanted] = {
        (task, f"method-{method}", seed): 0.5 + seed / 100
        for task in tasks
        for method in range(25)
        for seed in range(10)
    }
    table = combined(make_results(tmp_path, scores)).last
    assert len(table.rows) == 25
    assert {cell.summary.n for row in table.rows for cell in row.cells} == {10}
