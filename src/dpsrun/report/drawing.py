"""The figures of a report, by name; needs matplotlib."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from matplotlib.figure import Figure

from dpsrun.report.analysis.ablation import Ablation, ablations
from dpsrun.report.analysis.differences import differences
from dpsrun.report.analysis.distribution import distributions
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.selection import selections
from dpsrun.report.analysis.sizes import panels
from dpsrun.report.analysis.tradeoff import tradeoffs
from dpsrun.report.analysis.training import trainings
from dpsrun.report.figures import (
    budget,
    cost,
    curve,
    distribution,
    heatmap,
    selection,
    training,
)
from dpsrun.report.figures import (
    differences as differing,
)
from dpsrun.report.figures.marks import with_marks
from dpsrun.report.findings import Findings

T = TypeVar("T")


def draw(found: Findings) -> Iterator[tuple[str, Figure]]:
    """Draw all that there is something to draw of; give each figure with its name."""
    report, chosen, epoch = found.report, found.references, found.report.selection

    def told(panels: Sequence[Panel[T]]) -> list[Panel[T]]:
        return with_marks(panels, found.apart)

    if curves := panels(report):
        yield "learning-curve", curve.draw(curves, found.apart)
    maps = ablations(report)
    yield from ((_name(each, maps), heatmap.draw(each)) for each in maps)
    paged: Mapping[str, Sequence[Figure]] = {
        "distribution": distribution.draw(told(distributions(report, chosen)), epoch),
        "training": training.draw(told(trainings(report, chosen))),
        "differences": differing.draw(told(differences(found.comparisons)), epoch),
        "budget": budget.draw(told(found.budgets), epoch),
        "selection": selection.draw(told(selections(report, chosen))),
        "score-by-cost": cost.draw(told(tradeoffs(report, chosen)), epoch),
    }
    for name, pages in paged.items():
        for number, page in enumerate(pages, start=1):
            yield f"{name}-{number}" if len(pages) > 1 else name, page


def _name(found: Ablation, maps: Sequence[Ablation]) -> str:
    """Name a heat map after the method, and where that is not enough, after its place."""
    of_method = [other for other in maps if other.method == found.method]
    place = () if len(of_method) == 1 else (found.model, found.scenario)
    return re.sub(r"[^\w.=-]+", "-", "-".join(("heatmap", found.method, *place)))
