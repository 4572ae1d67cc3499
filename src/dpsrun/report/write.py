"""Puts the files of a report into `tables/<grid>/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dpsrun.report.formats import markdown, spreadsheets
from dpsrun.report.read import Report
from dpsrun.runs.files import write_whole
from dpsrun.runs.store import Store

if TYPE_CHECKING:
    from dpsrun.report.findings import Findings


def write_tables(store: Store, report: Report) -> list[Path]:
    """Write the tables of a report; raises OSError."""
    folder = _folder(store, report)
    texts = {
        "stability.md": markdown.stability(report),
        "stability.csv": spreadsheets.stability(report),
        "runs.csv": spreadsheets.runs(report),
        "costs.md": markdown.cost(report),
        "costs.csv": spreadsheets.cost(report),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def write_findings(store: Store, found: Findings) -> list[Path]:
    """Write what is found beyond single cells, in every format; raises OSError.

    What there is nothing of has no file, nor keeps one of an earlier report.
    """
    from dpsrun.report.formats import comparisons_page, latex, raw, record  # noqa: PLC0415
    from dpsrun.report.formats.published import published_lines  # noqa: PLC0415

    folder, grid = _folder(store, found.report), found.report.grid
    tables = {
        "comparisons.csv": raw.comparison_lines(found),
        "overall.csv": raw.standing_lines(found),
        "budgets.csv": raw.budget_lines(found),
        "example-noise.csv": raw.noise_lines(found),
        "variance-sources.csv": raw.source_lines(found),
        "published.csv": published_lines(grid, found.reproductions),
    }
    texts = {
        "comparisons.md": comparisons_page.comparisons(found),
        "means.csv": spreadsheets.means(found.report.main),
        "stability.tex": latex.latex(found),
        **{name: spreadsheets.written(lines) for name, lines in tables.items()},
        "report.json": record.document(found),
    }
    for name, text in texts.items():
        if text:
            write_whole(folder / name, text)
        else:
            (folder / name).unlink(missing_ok=True)
    return [folder / name for name, text in texts.items() if text]


def write_figures(store: Store, found: Findings) -> list[Path]:
    """Draw the figures of a report; raises OSError, ModuleNotFoundError without matplotlib.

    Those of an earlier report that there is nothing of any more are deleted.
    """
    from dpsrun.report.drawing import NAMES, draw  # noqa: PLC0415 (an extra, and slow)
    from dpsrun.report.figures.style import save  # noqa: PLC0415 (as above)

    folder = _folder(store, found.report)
    written = [path for name, figure in draw(found) for path in save(figure, folder / name)]
    for path in {*folder.glob("*.png"), *folder.glob("*.svg")}.difference(written):
        if NAMES.fullmatch(path.stem):
            path.unlink()
    return written


def _folder(store: Store, report: Report) -> Path:
    folder = store.root / "tables" / report.grid
    folder.mkdir(parents=True, exist_ok=True)
    return folder
