"""All that a report finds beyond its cells: what `dpsrun report` adds to the tables of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dpsrun.errors import UserError, nearest
from dpsrun.report.aggregate import Cell, Row, Selection
from dpsrun.report.analysis.budget import Budget, budgets
from dpsrun.report.analysis.comparison import Comparison, compare
from dpsrun.report.analysis.conditions import NAMES, Contrast, Mixture, contrasts, gather, mixtures
from dpsrun.report.analysis.measured import Measure, measures
from dpsrun.report.analysis.noise import CellNoise, noises
from dpsrun.report.analysis.overall import Standing, standings
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.reference import references
from dpsrun.report.analysis.reproduction import Reproduction, reproductions
from dpsrun.report.analysis.sources import Sources, gaps, sources
from dpsrun.report.named import Place, RowKey
from dpsrun.report.predictions import Archive
from dpsrun.report.read import Report
from dpsrun.runs.store import Damaged, Store


@dataclass(frozen=True)
class Wishes:
    """What the reader of a report asks for.

    Attributes:
        against: label of the method that others are compared with; None for the usual one.
        tuned: conditions that were chosen for each method, and may differ between compared rows.
        selection: the epoch whose scores are compared.
        bootstrap: whether to make what takes resampling.
    """

    against: str | None = None
    tuned: frozenset[str] = frozenset()
    selection: Selection = "last"
    bootstrap: bool = True


@dataclass(frozen=True)
class Findings:
    """What a report says of its methods; each part is empty where there is nothing to say.

    Attributes:
        report: the cells, `report.main` those that are compared.
        wishes: what was asked for.
        measures: what the scores of each task are.
        references: the row of each scenario and model that others are compared with.
        contrasts: conditions that rows do not share with their reference.
        apart: the rows that differ from it in more than the method and what was tuned.
        mixtures: conditions that runs of the same cell do not share.
        gaps: cells whose parts of variance a run without a score hides.
        noises: of the evaluation examples; none without bootstrap.
        unread: predictions that could not be read for that.
    """

    report: Report
    wishes: Wishes
    measures: tuple[Measure, ...]
    references: Mapping[Place, Row]
    comparisons: tuple[Comparison, ...]
    contrasts: tuple[Contrast, ...]
    apart: frozenset[RowKey]
    mixtures: tuple[Mixture, ...]
    standings: tuple[Standing, ...]
    budgets: tuple[Panel[Budget], ...]
    sources: tuple[Sources, ...]
    gaps: tuple[tuple[Row, Cell], ...]
    reproductions: tuple[Reproduction, ...]
    noises: tuple[CellNoise, ...]
    unread: tuple[Damaged, ...]


def find(store: Store, report: Report, wishes: Wishes) -> Findings:
    """Find all that is asked for; raises UserError for names that there are not."""
    for name in sorted(wishes.tuned.difference(NAMES)):
        raise UserError(f"--tuned: there is no condition {name!r}: {nearest(name, NAMES)}")
    report = replace(report, selection=wishes.selection)
    table, chosen = report.main, references(report, wishes.against)
    conditions = gather(report)
    differing = contrasts(conditions, table, chosen)
    apart = frozenset(each.key for each in differing if each.name not in wishes.tuned)
    # The predictions of held-out epochs are not kept.
    archive = Archive(store, wishes.selection)
    drawn = wishes.bootstrap and wishes.selection != "held-out"
    noisy = noises(report, archive) if drawn else ()
    return Findings(
        report=report,
        wishes=wishes,
        measures=measures(report, _examples(noisy)),
        references=chosen,
        comparisons=compare(table, chosen, bootstrap=wishes.bootstrap),
        contrasts=differing,
        apart=apart,
        mixtures=tuple(mixtures(conditions)),
        standings=standings(report, apart, bootstrap=wishes.bootstrap),
        budgets=budgets(report, chosen),
        sources=sources(report),
        gaps=gaps(report),
        reproductions=reproductions(report),
        noises=noisy,
        unread=tuple(archive.unread),
    )


def _examples(found: Iterable[CellNoise]) -> dict[str, int]:
    """Count the evaluation examples of each task all of whose cells have the same number."""
    numbers: dict[str, set[int]] = {}
    for each in found:
        numbers.setdefault(each.task, set()).add(each.examples)
    return {task: number for task, (number, *others) in numbers.items() if not others}
