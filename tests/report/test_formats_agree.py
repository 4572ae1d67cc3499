"""A number is the same in every format, after the rounding that is stated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.runs.spec import Run, Training
from tests.report.builder import Wanted, make_grid, make_run
from tests.report.readers import (
    csv_lines,
    latex_lines,
    pipe_lines,
    printed_lines,
    sections,
)

Key = tuple[str, str, str, str]
"""Scenario, model, method and the heading of a column."""

Shown = tuple[str, str, int]
"""Mean and standard deviation times 100, empty where there is none, and n."""

ENDS: dict[tuple[str, str, str, str, int], list[Wanted]] = {
    ("full", "tiny", "vanilla", "rte", 0): [(0.61, 0.64), 0.7, 0.83],
    ("full", "tiny", "vanilla", "cola", 0): [-0.04, 0.12, 0.3],
    ("full", "tiny", "dps-mix", "rte", 0): [0.66, "failed", (0.91, 0.95)],
    ("full", "tiny", "dps-mix", "cola", 0): [0.02, 0.36, (None, None)],
    ("full", "tiny", "mixout [p=0.9]", "rte", 0): ["diverged", "oom", None],
    ("full", "tiny", "mixout [p=0.9]", "cola", 0): [-0.005],
    ("full", "tiny", "other rate", "rte", 5): [0.7, 0.72, 0.74, 0.2],
    ("low-resource(8)", "small", "vanilla", "rte", 0): [0.6, 0.7, 0.8, 0.9, 0.61, 0.72],
    ("low-resource(8)", "small", "dps-mix", "rte", 0): [0.65, 0.73, 0.82, 0.91, 0.67, 0.79],
    ("low-resource(8)", "small", "dps-mix", "cola", 0): [0.1, 0.2],
}
"""Scenario, model, method, task and first seed -> how the runs of the seeds ended."""

NO_SCORE = ("", "", 0)


def runs() -> Iterable[tuple[Run, Wanted, Mapping[str, object]]]:
    for (scenario, model, method, task, first), ends in ENDS.items():
        for seed, wanted in enumerate(ends, first):
            run = make_run(
                (task, method, seed),
                training=Training(learning_rate=1e-3 if method == "other rate" else 1e-4),
                scenario=scenario,
                model=model,
                architecture=model,
            )
            yield run, wanted, {}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a report by name, and what a terminal shows of it as `printed`."""
    store = make_grid(tmp_path_factory.mktemp("agreeing"), runs())
    ended = CliRunner().invoke(app, ["report", str(store.root), "--no-figures"])
    assert ended.exit_code == 0
    files = Path(store.root / "tables" / "demo").iterdir()
    return {"printed": ended.stdout} | {path.name: path.read_text("utf-8") for path in files}


def place(line: Mapping[str, object]) -> tuple[str, str, str]:
    return str(line["scenario"]), str(line["model"]), str(line["method"]).removesuffix(" †")


def points(value: object) -> str:
    """Round a raw number as people read it; nothing for none."""
    return f"{100 * float(str(value)):z.1f}" if value not in {None, ""} else ""


def raw_cell(line: Mapping[str, object], prefix: str = "") -> Shown:
    mean, sd, n = (line[f"{prefix}{name}"] for name in ("mean", "sd", "n"))
    return points(mean), points(sd), int(str(n))


def long(lines: Iterable[Mapping[str, object]], selection: str) -> dict[Key, Shown]:
    return {
        (*place(line), str(line["task"])): raw_cell(line)
        for line in lines
        if line["selection"] == selection
    }


def wide(lines: Iterable[Mapping[str, str]]) -> dict[Key, Shown]:
    return {
        (*place(line), title): raw_cell(line, f"{title} ")
        for line in lines
        for title in ("rte", "cola", "average")
    }


LOST = r"(?:(?:, )?\d+ (?:failed|undefined|diverged|errors?|missing))*"


def read_cell(text: str) -> Shown:
    """Read `73.2 ± 1.4 (n=3 of 4, 1 failed)`."""
    if text == "not in grid" or text.startswith("—"):
        return NO_SCORE
    found = re.fullmatch(rf"(-?[\d.]+)(?: ± ([\d.]+))? \(n=(\d+)(?: of \d+)?{LOST}\)", text)
    assert found, text
    return found[1], found[2] or "", int(found[3])


def headline(lines: Iterable[Mapping[str, str]]) -> dict[Key, Shown]:
    return {
        (*place(line), title): read_cell(line[title])
        for line in lines
        for title in ("rte", "cola", "average")
    }


def typeset_cells(text: str, expected: Mapping[Key, int]) -> dict[Key, Shown]:
    """Read the LaTeX table, which gives n only where it is not what was expected."""
    (_, *titles), *lines = latex_lines(text)
    scenario = model = ""
    found: dict[Key, Shown] = {}
    for method, *cells in lines:
        if not cells:
            model, _, scenario = method.partition(", ")
        for title, cell in zip(titles, cells, strict=False):
            key = (scenario, model, method.removesuffix("†"), title)
            parts = re.fullmatch(
                rf"[*_]?(-?[\d.]+)(?: ± ([\d.]+))?(?: \((?:n=(\d+))?{LOST}\))?", cell
            )
            assert parts or cell.startswith("--"), cell
            n = int(parts[3] or expected[key]) if parts else 0
            found[key] = (parts[1], parts[2] or "", n) if parts else NO_SCORE
    return found


def test_mean_deviation_and_n_are_the_same_everywhere(written: dict[str, str]) -> None:
    lines = csv_lines(written["stability.csv"])
    cells = long(lines, "last")
    expected = {
        (*place(line), line["task"]): int(line["expected"])
        for line in lines
        if line["selection"] == "last"
    }
    assert cells["full", "tiny", "vanilla", "rte"] == ("71.3", "11.1", 3)
    assert cells["full", "tiny", "mixout [p=0.9]", "cola"] == ("-0.5", "", 1)
    assert cells["full", "tiny", "mixout [p=0.9]", "rte"] == NO_SCORE
    assert len(cells) == 6 * 3
    assert wide(csv_lines(written["means.csv"])) == cells
    assert long(json.loads(written["report.json"])["cells"], "last") == cells
    assert headline(pipe_lines(sections(written["stability.md"])["Last epoch"])) == cells
    assert headline(printed_lines(written["printed"], "demo: last epoch")) == cells
    assert typeset_cells(written["stability.tex"], expected) == cells


def test_the_best_epoch_is_the_same_in_documents_and_spreadsheets(written: dict[str, str]) -> None:
    cells = long(csv_lines(written["stability.csv"]), "best")
    title = "Best epoch (selected on the development set)"
    assert cells["full", "tiny", "vanilla", "rte"] == ("72.3", "9.7", 3)
    assert headline(pipe_lines(sections(written["stability.md"])[title])) == cells
    assert long(json.loads(written["report.json"])["cells"], "best") == cells


def raw_difference(line: Mapping[str, object]) -> str:
    """Write a raw comparison as people read it."""
    value, low, high = (
        f"{100 * float(str(line[name])):+z.1f}" if line[name] not in {None, ""} else ""
        for name in ("difference", "difference_low", "difference_high")
    )
    return f"{value} [{low}, {high}]" if low else f"{value} —"


def test_differences_and_their_intervals_are_the_same_everywhere(written: dict[str, str]) -> None:
    lines = csv_lines(written["comparisons.csv"])
    differences = {
        (*place(line), line["task"]): raw_difference(line) for line in lines if line["difference"]
    }
    assert differences["full", "tiny", "mixout [p=0.9]", "cola"] == "-13.2 —"
    assert differences["full", "tiny", "other rate", "rte"].startswith("-12.3 [")
    assert differences["low-resource(8)", "small", "dps-mix", "rte"] == "+4.0 [+1.5, +6.5]"
    assert len(differences) == 3 + 1 + 1 + 1
    recorded = json.loads(written["report.json"])["comparisons"]
    assert {
        (*place(line), line["task"]): raw_difference(line)
        for line in recorded
        if line["difference"] is not None
    } == differences
    page = pipe_lines(sections(written["comparisons.md"])["Differences"])
    assert {
        (*place(line), line["task"]): f"{line['difference']} {line['95 % interval']}"
        for line in page
    } == differences
    printed = printed_lines(written["printed"], "difference of means")
    assert {
        (*place(line), title): line[title]
        for line in printed
        for title in ("rte", "cola", "average")
        if line[title] != "—"
    } == differences


def test_steadiness_is_the_same_on_the_page_and_in_the_spreadsheet(written: dict[str, str]) -> None:
    page = pipe_lines(sections(written["comparisons.md"])["Stability"])
    for shown, raw in zip(page, csv_lines(written["comparisons.csv"]), strict=True):
        assert (*place(shown), shown["task"]) == (*place(raw), raw["task"])
        assert shown["sd"] == (points(raw["sd"]) or "—")
        assert shown["sd (against)"] == (points(raw["reference_sd"]) or "—")
        assert shown["sd ratio"] == (f"{float(raw['sd_ratio']):.2f}" if raw["sd_ratio"] else "—")
        lost = f"{raw['lost']} of {raw['lost_of']}"
        assert shown["lost"] == (lost if raw["lost"] else "—")
