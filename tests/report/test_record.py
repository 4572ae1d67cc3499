"""The files beside the tables: what there is of them, and every number for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.record import document, record
from dpsrun.report.write import write_findings
from dpsrun.runs.store import Store
from tests.report.builder import Key, Wanted, make_grid, make_results, make_run, report_of
from tests.report.readers import csv_lines

PARTS = {
    *(
        "grid",
        "selection",
        "tuned",
        "references",
        "outcomes",
        "tasks",
        "runs",
        "cells",
        "costs",
        "comparisons",
    ),
    *("conditions", "mixtures", "overall", "budgets", "example_noise", "variance_sources"),
    *("published", "notes"),
}

ALWAYS = {"comparisons.md", "means.csv", "stability.tex", "report.json"}

SCORES: dict[Key, Wanted] = {
    ("rte", "vanilla", 0): 0.7,
    ("rte", "vanilla", 1): 0.7,
    ("rte", "vanilla", 2): 0.7,
    ("rte", "dps-mix", 0): 0.6,
    ("rte", "dps-mix", 1): 0.8,
    ("rte", "dps-mix", 2): "failed",
    ("mrpc", "vanilla", 0): 0.8,
    ("mrpc", "vanilla", 1): 0.9,
    ("mrpc", "vanilla", 2): "diverged",
    ("mrpc", "dps-mix", 0): 0.85,
    ("mrpc", "dps-mix", 1): 0.95,
    ("mrpc", "dps-mix", 2): (None, None),
}
"""On RTE vanilla does not vary: the ratio of deviations is infinite."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_results(tmp_path, SCORES)


def found_in(store: Store, *, bootstrap: bool = True) -> Findings:
    return find(store, report_of(store), Wishes(bootstrap=bootstrap))


def read(text: str) -> Any:
    """Read JSON; fails for a number that JSON has not."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_the_document_is_strict_json_with_all_that_was_found(store: Store) -> None:
    found = found_in(store)
    told = read(document(record(found)))
    assert told == record(found)
    assert told.keys() == PARTS
    assert told["references"] == [{"scenario": "full", "model": "tiny", "method": "vanilla"}]
    assert told["outcomes"] == {"diverged": 1, "failed": 2, "ok": 9}
    assert len(told["runs"]) == len(SCORES)
    assert len(told["cells"]) == 2 * 2 * 3, "two selections of two rows of two tasks and a mean"
    assert "bootstrap intervals of fewer than 20 seeds are too short." in told["notes"]


def test_a_note_on_cells_and_on_comparisons_is_told_once(tmp_path: Path) -> None:
    run = make_run(("rte", "top", 0), method="top-k-layers")
    told = record(found_in(make_grid(tmp_path, [(run, 0.6, {})])))
    assert sum("unverified: top-k-layers" in note for note in told["notes"]) == 1


def test_what_is_infinite_or_undefined_is_null(store: Store) -> None:
    rte, mrpc, average = read(document(record(found_in(store))))["comparisons"]
    (known, *_) = found_in(store).comparisons
    assert known.steadiness.ratio == math.inf
    assert (rte["task"], rte["sd_ratio"], rte["sd_ratio_high"]) == ("rte", None, None)
    assert (rte["sd"], rte["reference_sd"]) == (pytest.approx(0.1528, abs=1e-4), 0)
    assert mrpc["sd_ratio"] == pytest.approx(1)
    assert (average["p_holm"], average["lost"], average["fisher_p"]) == (None, None, None)


def differing(one: object, other: object, name: str = "") -> set[str]:
    """Name the keys whose values are not the same; one that is lacking differs."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        pairs = {key: (one.get(key), other.get(key)) for key in (*one, *other)}
        return {key for name, pair in pairs.items() for key in differing(*pair, name)}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {key for pair in zip(one, other, strict=True) for key in differing(*pair, name)}
    return set() if one == other else {name}


def test_without_bootstrap_the_resampled_numbers_are_left_out_and_no_others_change(
    tmp_path: Path,
) -> None:
    whole: dict[Key, Wanted] = {key: 0.6 + key[2] / 10 for key in SCORES}
    store = make_results(tmp_path, whole | {("rte", "dps-mix", 1): 0.9})
    full, quick = (record(found_in(store, bootstrap=drawn)) for drawn in (True, False))
    resampled = {
        *("p_better_low", "p_better_high"),
        *("interquartile_mean_low", "interquartile_mean_high"),
    }
    assert differing(full, quick) == {*resampled, "notes"}
    lines = [*quick["comparisons"], *quick["overall"]]
    assert all(line[name] is None for line in lines for name in resampled & line.keys())
    (left_out,) = set(quick["notes"]) - set(full["notes"])
    assert left_out == (
        "left out by --no-bootstrap: the intervals of P(better) and of interquartile means, and "
        "the noise of the evaluation examples."
    )


def test_p_drawn_at_random_does_not_depend_on_the_bootstrap(tmp_path: Path) -> None:
    scores: dict[Key, Wanted] = {
        ("rte", method, seed): (seed * step % 7) / 10
        for method, step in (("vanilla", 2), ("dps-mix", 3))
        for seed in range(21)
    }
    store = make_results(tmp_path, scores)
    ps = [
        [line["p"] for line in record(found_in(store, bootstrap=drawn))["comparisons"]]
        for drawn in (True, False)
    ]
    assert ps[0] == ps[1]


def test_the_same_results_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    store = make_results(tmp_path / "here", SCORES)
    (tmp_path / "there").mkdir()
    moved = Store(tmp_path / "there" / "results")
    contents = [contents_of(store), contents_of(store)]
    store.root.rename(moved.root)
    assert contents == [contents_of(moved)] * 2


def written(store: Store) -> list[Path]:
    found = found_in(store)
    return write_findings(store, found, record(found))


def contents_of(store: Store) -> dict[str, bytes]:
    """Write the files; give their names and contents."""
    return {path.name: path.read_bytes() for path in written(store)}


def test_what_there_is_nothing_of_has_no_file_nor_keeps_an_old_one(tmp_path: Path) -> None:
    store = make_results(tmp_path, SCORES)
    first = written(store)
    folder = store.root / "tables" / "demo"
    assert {path.parent for path in first} == {folder}
    assert {path.name for path in first} == {
        *ALWAYS,
        *("comparisons.csv", "overall.csv", "budgets.csv"),
    }
    (folder / "mine.txt").touch()
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6})
    assert {path.name for path in written(store)} == ALWAYS
    assert {path.name for path in folder.iterdir()} == {*ALWAYS, "mine.txt"}


def test_each_spreadsheet_has_the_lines_of_the_document(store: Store) -> None:
    told = record(found_in(store))
    contents = contents_of(store)
    for name in ("comparisons", "overall", "budgets"):
        lines = csv_lines(contents[f"{name}.csv"].decode())
        assert [line.keys() for line in lines] == [line.keys() for line in told[name]]
        assert [line["model"] for line in lines] == [line["model"] for line in told[name]]
    assert [float(line["mean"]) for line in csv_lines(contents["budgets.csv"].decode())] == [
        line["mean"] for line in told["budgets"]
    ]


def test_a_folder_whose_only_grid_is_damaged_has_a_report_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "grids").mkdir()
    (tmp_path / "grids" / "demo.json").write_text("{", encoding="utf-8")
    from dpsrun.report.produce import as_json, produce

    made = produce(tmp_path, everything=True, names=[], wishes=Wishes())
    (grid,) = as_json(made)["grids"]
    assert (grid["runs"], grid["cells"], grid["comparisons"]) == ([], [], [])
