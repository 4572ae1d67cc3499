from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsrun.report.formats.markdown import stability as markdown
from dpsrun.report.formats.pipes import bullets
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.spreadsheets import runs as runs_csv
from dpsrun.report.formats.spreadsheets import stability as stability_csv
from dpsrun.report.formats.tables import cells_of, headline, points, shown, spread
from dpsrun.report.read import Report, choose, read
from dpsrun.report.write import write_tables
from dpsrun.runs.store import Store
from dpsrun.tasks.task import AVERAGE
from tests.report.builder import Key, Wanted, make_results

SCORES: dict[Key, Wanted] = {
    ("rte", "vanilla", 0): (0.6, 0.65),
    ("rte", "vanilla", 1): 0.7,
    ("rte", "vanilla", 2): 0.8,
    ("mrpc", "vanilla", 0): 0.8,
    ("mrpc", "vanilla", 1): "diverged",
    ("mrpc", "vanilla", 2): None,
    ("rte", "dps-mix", 0): "failed",
    ("rte", "dps-mix", 1): "oom",
    ("mrpc", "dps-mix", 0): (None, None),
}


def report_of(store: Store) -> Report:
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_results(tmp_path, SCORES)


def test_a_cell_shows_mean_deviation_and_n(store: Store) -> None:
    header, (vanilla, mix) = headline(report_of(store).last)
    assert header == ["model", "method", "rte", "mrpc", "average"]
    assert vanilla[2:] == [
        "70.0 ± 10.0 (n=3)",
        "80.0 (n=1 of 3, 1 diverged, 1 missing)",
        "70.0 (n=1 of 3)",
    ]
    assert mix == ["tiny", "dps-mix", "50.0 (n=1 of 2, 1 failed, 1 error)", "— (1 failed)", "—"]


def test_a_cell_without_any_score_says_why_unless_none_of_its_runs_was_done(
    tmp_path: Path,
) -> None:
    ends: dict[str, list[Wanted]] = {
        "vanilla": ["oom", "timeout", "error"],
        "dps-mix": ["error", None, None],
        "mixout": [None, None, None],
    }
    scores: dict[Key, Wanted] = {
        ("rte", method, seed): end for method, own in ends.items() for seed, end in enumerate(own)
    }
    _, lines = headline(report_of(make_results(tmp_path, scores)).last)
    assert [cell for *_, cell in lines] == ["— (3 errors)", "— (1 error, 2 missing)", "—"]


def test_the_best_epoch_has_its_own_table(store: Store) -> None:
    _, (vanilla, _) = headline(report_of(store).best)
    assert vanilla[2] == "71.7 ± 7.6 (n=3)"


def test_the_spread_counts_what_went_wrong(store: Store) -> None:
    header, lines = spread(report_of(store).last)
    found = [dict(zip(header, line, strict=True)) for line in lines]
    mrpc, mix = found[1], found[3]
    assert (mrpc["task"], mrpc["diverged"], mrpc["missing"]) == ("mrpc", "1", "1")
    assert (mix["method"], mix["failed"], mix["errors"], mix["n"]) == (
        "dps-mix",
        "1",
        "1",
        "1 of 2",
    )
    assert (found[0]["min"], found[0]["median"], found[0]["max"]) == ("60.0", "70.0", "80.0")


def test_one_task_needs_no_average(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6})
    header, _ = headline(report_of(store).last)
    assert header == ["model", "method", "rte"]


def test_a_score_just_below_zero_is_not_minus_nothing() -> None:
    assert points(-0.0004) == "0.0"
    assert points(-0.1) == "-10.0"
    assert points(None) == "—"


def test_the_markdown_names_every_run_without_a_score(store: Store) -> None:
    text = markdown(report_of(store))
    assert "- mrpc, tiny, vanilla, full: missing s2; diverged s1." in text
    assert "- rte, tiny, dps-mix, full: errors s1." in text
    assert "- mrpc, tiny, dps-mix, full: undefined s0." in text
    assert "selected on the development set" in text
    assert "Scenario: full." in text


def test_a_label_with_a_bar_or_a_line_break_keeps_the_markdown_table(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "a|b\nc", 0): 0.6})
    assert "| tiny | a\\|b c | 60.0 (n=1) |" in markdown(report_of(store))


def test_a_label_is_no_tag_of_html_and_no_code_of_markdown(tmp_path: Path) -> None:
    scores: dict[Key, Wanted] = {("rte", "<small> `a`", 0): 0.6, ("rte", "p<0.1", 0): "oom"}
    text = markdown(report_of(make_results(tmp_path, scores)))
    assert "| tiny | \\<small> \\`a\\` | 60.0 (n=1) |" in text
    assert "| tiny | p<0.1 | — (1 error) |" in text
    (note,) = [line for line in text.splitlines() if "errors s0" in line]
    assert note == "- rte, tiny, p<0.1, full: errors s0."


def test_code_in_a_note_stays_code() -> None:
    assert bullets(["`dpsrun grid` does <b> again"]) == "- `dpsrun grid` does \\<b> again"


def test_the_csv_gives_back_the_aggregate_exactly(store: Store) -> None:
    report = report_of(store)
    lines = lines_of(stability_csv(numbers(report)["cells"]))
    cells = {
        (table.selection, row.method, cell.column.task): cell
        for table in (report.last, report.best)
        for row in table.rows
        for cell in (*row.cells, row.average)
    }
    assert len(lines) == len(cells) == 12
    for line in lines:
        cell = cells[line["selection"], line["method"], line["task"]]  # type: ignore[index]
        for name, value in vars(cell.summary).items():
            assert (float(line[name]) if line[name] else None) == value
        for kind, seeds in vars(cell.counts).items():
            assert int(line[kind]) == len(seeds)
        assert int(line["expected"]) == cell.expected


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=5))
def test_any_scores_survive_the_csv(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float]
) -> None:
    keys: dict[Key, Wanted] = {("rte", "vanilla", seed): one for seed, one in enumerate(scores)}
    store = make_results(tmp_path_factory.mktemp("runs"), keys)
    lines = lines_of(runs_csv(numbers(report_of(store))["runs"]))
    assert [float(line["last"]) for line in lines] == scores


def test_every_run_has_its_line(store: Store) -> None:
    lines = lines_of(runs_csv(numbers(report_of(store))["runs"]))
    assert len(lines) == len(SCORES)
    first, missing, diverged = lines[0], lines[5], lines[4]
    assert (first["outcome"], first["last"], first["best"]) == ("ok", "0.6", "0.65")
    assert (first["seconds_training"], first["steps"], first["attempts"]) == ("2.0", "6", "1")
    assert first["validation/accuracy"] == "0.6"
    assert first["peak_memory_bytes/host"] == "123456"
    assert (lines[1]["seed"], lines[1]["seed_init"], lines[1]["seed_subset"]) == ("s1", "1", "1")
    assert (missing["outcome"], missing["last"], missing["attempts"]) == ("missing", "", "0")
    assert (diverged["outcome"], diverged["last"]) == ("diverged", "")


def contents_of(store: Store) -> dict[Path, bytes]:
    report = report_of(store)
    paths = write_tables(store, report, numbers(report))
    return {path: path.read_bytes() for path in paths}


def test_the_same_results_give_the_same_bytes(store: Store) -> None:
    first, second = contents_of(store), contents_of(store)
    assert first == second
    names = {"stability.md", "stability.csv", "runs.csv", "costs.md", "costs.csv"}
    assert {path.name for path in first} == names
    assert {path.parent for path in first} == {store.root / "tables" / "demo"}


def test_tables_do_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    texts = []
    for place in ("here", "there"):
        store = make_results(tmp_path / place, SCORES)
        damaged = store.folder(store.run_ids()[0]) / "result.json"
        damaged.unlink(missing_ok=True)
        damaged.write_text("{", encoding="utf-8")
        texts.append(markdown(report_of(store)))
    assert texts[0] == texts[1]


def test_several_scenarios_are_a_column(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, scenario="low-resource(8)")
    assert "Scenario: low-resource(8)." in markdown(report_of(store))
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="full")
    from dpsrun.report.read import everything_of

    combined, _ = everything_of(store)
    header, lines = headline(read(store, combined).last)
    assert header[0] == "scenario"
    assert [line[0] for line in lines] == ["low-resource(8)", "full"]


def test_the_average_is_the_last_column(store: Store) -> None:
    table = report_of(store).last
    assert cells_of(table, table.rows[0])[-1].column.task == AVERAGE
    assert shown(table.rows[0].average) == "70.0 (n=1 of 3)"


def test_a_task_that_a_row_leaves_out_is_not_taken_for_a_lost_one(tmp_path: Path) -> None:
    scores = {("rte", "vanilla", 0): 0.6, ("cola", "vanilla", 0): 0.2, ("rte", "dps-mix", 0): 0.7}
    store = make_results(tmp_path, scores=scores)
    (manifest, *_), _ = choose(store, [])
    _, lines = headline(read(store, manifest).last)
    assert [line[1:] for line in lines] == [
        ["vanilla", "60.0 (n=1)", "20.0 (n=1)", "40.0 (n=1)"],
        ["dps-mix", "70.0 (n=1)", "not in grid", "not in grid"],
    ]
