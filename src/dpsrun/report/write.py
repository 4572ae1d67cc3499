"""Puts the files of a report into `tables/<grid>/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dpsrun.report.analysis.ablation import Ablation, ablations
from dpsrun.report.analysis.sizes import panels
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
    """Draw the figures of a report; raises OSError, ModuleNotFoundError without matplotlib."""
    report = found.report
    curves, maps = panels(report), ablations(report)
    if not curves and not maps:
        return []
    from dpsrun.report.figures import curve, heatmap, style  # noqa: PLC0415 (an extra, and slow)

    figures = {"learning-curve": curve.draw(curves)} if curves else {}
    figures |= {_name(found, maps): heatmap.draw(found) for found in maps}
    folder = _folder(store, report)
    return [path for name, figure in figures.items() for path in style.save(figure, folder / name)]


def _name(found: Ablation, maps: Sequence[Ablation]) -> str:
    """Name a heat map after the method, and where that is not enough, after its place."""
    of_method = [other for other in maps if other.method == found.method]
    place = () if len(of_method) == 1 else (found.model, found.scenario)
    return re.sub(r"[^\w.=-]+", "-", "-".join(("heatmap", found.method, *place)))


def _folder(store: Store, report: Report) -> Path:
    folder = store.root / "tables" / report.grid
    folder.mkdir(parents=True, exist_ok=True)
    return folder
