"""Puts the files of a report into `tables/<grid>/`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dpsrun.report.formats import markdown, spreadsheets
from dpsrun.report.formats.spreadsheets import Line
from dpsrun.report.named import RowKey
from dpsrun.report.read import Report
from dpsrun.runs.files import write_whole
from dpsrun.runs.store import Store

if TYPE_CHECKING:
    from dpsrun.report.findings import Findings
    from dpsrun.report.formats.record import Record


SPREAD = ("comparisons", "overall", "budgets", "example_noise", "variance_sources", "published")
"""Parts of a record that have a spreadsheet of their own."""


FIGURES = re.compile(
    r"(learning-curve|heatmap-.*"
    r"|(distribution|training|differences|budget|selection|score-by-cost)(-\d+)?)\.(png|svg)"
)
"""What files of figures may be called."""


def write_tables(
    store: Store,
    report: Report,
    numbers: Mapping[str, Sequence[Line]],
    unlike: Collection[RowKey] = (),
    told: Sequence[str] | None = None,
) -> list[Path]:
    """Write the tables of a report and its `numbers`; raises OSError.

    The last two are what `stability.md` shows of findings.
    """
    folder = _folder(store, report)
    texts = {
        "stability.md": markdown.stability(report, unlike, told),
        "stability.csv": spreadsheets.stability(numbers["cells"]),
        "runs.csv": spreadsheets.runs(numbers["runs"]),
        "costs.md": markdown.cost(report),
        "costs.csv": spreadsheets.cost(numbers["costs"]),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def write_findings(store: Store, found: Findings, told: Record) -> list[Path]:
    """Write what is found beyond single cells, and its `record`; raises OSError.

    What there is nothing of has no file, nor keeps one of an earlier report.
    """
    from dpsrun.report.formats import comparisons_page, latex, record  # noqa: PLC0415

    folder = _folder(store, found.report)
    texts = {
        "comparisons.md": comparisons_page.comparisons(found),
        "means.csv": spreadsheets.means(found.report.main),
        "stability.tex": latex.latex(found),
        **{f"{name.replace('_', '-')}.csv": spreadsheets.written(told[name]) for name in SPREAD},
        "report.json": record.document(told),
    }
    for name, text in texts.items():
        if text:
            write_whole(folder / name, text)
        else:
            (folder / name).unlink(missing_ok=True)
    return [folder / name for name, text in texts.items() if text]


def write_figures(store: Store, found: Findings) -> tuple[list[Path], str]:
    """Draw the figures of a report; give their files and the letters for which there are boxes.

    Raises OSError, ModuleNotFoundError without matplotlib.
    """
    from dpsrun.report.drawing import draw  # noqa: PLC0415 (an extra, and slow)
    from dpsrun.report.figures.style import save, unknown_letters  # noqa: PLC0415 (as above)

    folder = _folder(store, found.report)
    with unknown_letters() as unknown:
        files = [path for name, figure in draw(found) for path in save(figure, folder / name)]
    return files, "".join(sorted(unknown))


def delete_figures(store: Store, report: Report, but: Collection[Path]) -> None:
    """Delete figures of an earlier report, which may show other numbers; raises OSError."""
    for path in set(_folder(store, report).iterdir()).difference(but):
        if FIGURES.fullmatch(path.name):
            path.unlink()


def _folder(store: Store, report: Report) -> Path:
    folder = store.root / "tables" / report.grid
    folder.mkdir(parents=True, exist_ok=True)
    return folder
