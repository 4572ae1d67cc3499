"""Whatever lies in a results folder, the report goes on and names what it could not read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.report.formats.markdown import stability as markdown
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.spreadsheets import runs as runs_csv
from dpsrun.report.produce import print_all, produce
from dpsrun.report.read import Report, choose, read
from dpsrun.runs.store import Manifest, Store
from tests.report.builder import Key, Wanted, make_results

SCORES: dict[Key, Wanted] = {("rte", "vanilla", 0): 0.6, ("rte", "vanilla", 1): 0.8}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_results(tmp_path, SCORES)


def first_result(store: Store) -> Path:
    (manifest,), _ = choose(store, [])
    return store.folder(manifest.members[0].id) / "result.json"


def report_of(store: Store) -> Report:
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


def overwrite(path: Path, content: bytes) -> None:
    """Replace a published result without touching the attempt's file that it is linked to."""
    path.unlink()
    path.write_bytes(content)


def assert_missing_and_named(store: Store) -> None:
    report = report_of(store)
    (cell,) = report.last.rows[0].cells
    assert cell.counts.missing == ("s0",)
    assert cell.summary.mean == 0.8
    assert f"runs/{first_result(store).parent.name}/result.json is damaged" in markdown(report)
    assert ",damaged," in runs_csv(numbers(report)["runs"])


@pytest.mark.parametrize("part", [0.0, 0.01, 0.25, 0.5, 0.75, 0.99])
def test_a_torn_result_is_missing_and_named(store: Store, part: float) -> None:
    path = first_result(store)
    whole = path.read_bytes()
    overwrite(path, whole[: int(part * len(whole))])
    assert_missing_and_named(store)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00binary", b"[]", b"null", b'{"run": "x"}', b"\x00" * 64]
)
def test_a_foreign_file_is_missing_and_named(store: Store, content: bytes) -> None:
    overwrite(first_result(store), content)
    assert_missing_and_named(store)


def test_a_result_of_a_newer_version_is_missing_and_named(store: Store) -> None:
    path = first_result(store)
    newer = json.loads(path.read_text(encoding="utf-8")) | {"schema_number": 99, "unheard_of": 1}
    overwrite(path, json.dumps(newer).encode())
    assert_missing_and_named(store)
    assert "a newer dpsrun wrote it (schema 99)" in markdown(report_of(store))


def test_another_runs_result_is_missing_and_named(store: Store) -> None:
    (manifest,), _ = choose(store, [])
    other = store.folder(manifest.members[1].id) / "result.json"
    overwrite(first_result(store), other.read_bytes())
    assert_missing_and_named(store)
    assert "belongs to another run" in markdown(report_of(store))


def test_a_damaged_spec_costs_only_the_seeds(store: Store) -> None:
    overwrite(first_result(store).parent / "spec.json", b"{")
    (cell,) = report_of(store).last.rows[0].cells
    assert cell.summary.n == 2


def test_a_damaged_grid_is_named_and_the_others_are_reported(store: Store) -> None:
    broken = store.root / "grids" / "broken.json"
    broken.write_text("{", encoding="utf-8")
    made = produce(store.root, everything=False, names=[])
    assert [each.report.grid for each in made.reports] == ["demo"]
    assert [file.path for file in made.damaged] == [broken]
    with pytest.raises(UserError, match=r"broken\.json: damaged"):
        produce(store.root, everything=False, names=["broken"])


def test_a_grid_that_repeats_its_labels_is_named_and_the_others_are_reported(store: Store) -> None:
    twins = store.root / "grids" / "twins.json"
    (manifest,), _ = choose(store, [])
    other = manifest.members[0].model_copy(update={"id": "another"})
    store.write_manifest(Manifest(name="twins", members=(*manifest.members, other)))
    for everything, reported in ((False, "demo"), (True, "all")):
        made = produce(store.root, everything=everything, names=[])
        assert [each.report.grid for each in made.reports] == [reported]
        (damaged,) = made.damaged
        assert damaged.path == twins
        assert "another have the same labels" in damaged.reason
    with pytest.raises(UserError, match=r"twins\.json: .*the same labels"):
        produce(store.root, everything=False, names=["twins"])


def test_a_grid_under_another_name_is_damaged(store: Store) -> None:
    (store.root / "grids" / "demo.json").rename(store.root / "grids" / "copy.json")
    with pytest.raises(UserError, match=r"copy\.json is damaged: belongs to another grid, demo"):
        produce(store.root, everything=False, names=[])


def test_where_every_grid_is_damaged_the_user_is_told_what_to_do(store: Store) -> None:
    (store.root / "grids" / "demo.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"demo\.json is damaged: (.*\n)+run the grid again, or"):
        produce(store.root, everything=False, names=[])
    (made,) = produce(store.root, everything=True, names=[]).reports
    assert len(made.report.entries) == 2


def test_the_terminal_names_the_first_damaged_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", seed): 0.6 for seed in range(5)})
    results = [store.folder(run) / "result.json" for run in store.run_ids()]
    for number, result in enumerate(results, start=1):
        overwrite(result, b"{")
        print_all(produce(store.root, everything=False, names=[]))
        lines = capsys.readouterr().out.splitlines()
        named = [line for line in lines if "result.json is damaged: " in line]
        assert len(named) == min(number, 3)
    assert "2 more are damaged; stability.md names them" in lines
    assert "5 runs: 5 damaged" in lines


def test_one_run_is_counted_in_the_singular(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6})
    print_all(produce(store.root, everything=False, names=[]))
    assert "1 run: 1 ok" in capsys.readouterr().out.splitlines()


def test_a_stray_file_among_the_runs_does_no_harm(store: Store) -> None:
    (store.root / "runs" / "notes.txt").write_text("mine", encoding="utf-8")
    made = produce(store.root, everything=True, names=[])
    assert len(made.reports[0].report.entries) == 2
