"""Puts the files of a report into `tables/<grid>/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dpsrun.report.analysis.ablation import Ablation, ablations
from dpsrun.report.analysis.sizes import panels
from dpsrun.report.formats import markdown, spreadsheets
from dpsrun.report.read import Report
from dpsrun.runs.files import write_whole
from dpsrun.runs.store import Store


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


def write_figures(store: Store, report: Report) -> list[Path]:
    """Draw the figures of a report; raises OSError, ModuleNotFoundError without matplotlib."""
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
