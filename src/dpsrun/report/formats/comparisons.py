"""What is found beyond single cells, as tables of text; pure. Scores are shown times 100."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from dpsrun.report.analysis.budget import Budget
from dpsrun.report.analysis.comparison import Comparison, Failures, Share
from dpsrun.report.analysis.measures import Difference, Steadiness, Superiority
from dpsrun.report.analysis.noise import CellNoise
from dpsrun.report.analysis.overall import Standing
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.sources import Sources
from dpsrun.report.formats.marks import labelled, marked
from dpsrun.report.formats.tables import NOTHING, Lines, described, points, row_labels, signed
from dpsrun.report.named import Named, RowKey
from dpsrun.report.statistics.interval import Interval

BUDGETS = (1, 2, 3, 5, 10, 20, 50, 100)
"""Numbers of runs that have a column; the largest that there is has one too."""


def difference_table(found: Sequence[Comparison], unlike: Collection[RowKey]) -> Lines:
    """Give the differences of means, one line a comparison."""
    places = _places(found)
    header = ["task", *places, "method", "against", "n", "difference", "95 % interval"]
    header += ["p", "p (Holm)", "smallest p", "won/tied/lost", "P(better)", "95 % interval (P)"]
    return header, [
        [
            each.task,
            *_place(each, places),
            marked(each, unlike),
            each.reference,
            _number(each),
            *_difference(each.gain.difference, each.adjusted_p),
            *_superiority(each.gain.superiority),
        ]
        for each in found
        if each.gain
    ]


def summary_table(found: Sequence[Comparison], unlike: Collection[RowKey]) -> Lines:
    """Give the differences with their intervals, one line a method, one column a task."""
    tasks = tuple(dict.fromkeys(each.task for each in found))
    lines: dict[RowKey, dict[str, Comparison]] = {}
    for each in found:
        lines.setdefault(each.key, {})[each.task] = each
    places = _places(found)
    header = [*places, "method", "against", *tasks]
    return header, [
        [
            *_place(first := next(iter(of.values())), places),
            marked(first, unlike),
            first.reference,
            *(_in_short(of[task]) if task in of else NOTHING for task in tasks),
        ]
        for of in lines.values()
    ]


def _in_short(found: Comparison) -> str:
    if not found.gain:
        return NOTHING
    difference = found.gain.difference
    return f"{signed(difference.value)} {interval(difference.interval, signed)}"


def _difference(found: Difference, adjusted: float | None) -> list[str]:
    ps = (probability(found.p), probability(adjusted), probability(found.smallest_p))
    return [signed(found.value), interval(found.interval, signed), *ps]


def _superiority(found: Superiority) -> list[str]:
    counts = found.outcomes
    played = f"{counts.wins}/{counts.ties}/{counts.losses}" if counts else NOTHING
    return [played, f"{found.value:.2f}", interval(found.interval, "{:.2f}".format)]


def _number(found: Comparison) -> str:
    if found.paired:
        return "1 pair" if len(found.seeds) == 1 else f"{len(found.seeds)} pairs"
    return f"{len(found.first)} and {len(found.second)}"


def steadiness_table(found: Sequence[Comparison], unlike: Collection[RowKey]) -> Lines:
    """Give the ratios of standard deviations and the failures, one line a comparison."""
    places = _places(found)
    header = ["task", *places, "method", "against", "sd", "sd (against)"]
    header += ["sd ratio", "95 % interval (ratio)", "p (sd)", "lost", "95 % interval (lost)"]
    header += ["lost (against)", "95 % interval (against)", "p (lost)"]
    return header, [
        [
            each.task,
            *_place(each, places),
            marked(each, unlike),
            each.reference,
            *_steadiness(each.steadiness),
            *_failures(each.failures),
        ]
        for each in found
    ]


def _steadiness(found: Steadiness) -> list[str]:
    deviations = points(found.first), points(found.second)
    return [
        *deviations,
        _ratio(found.ratio),
        interval(found.interval, _ratio),
        probability(found.p),
    ]


def _failures(found: Failures | None) -> list[str]:
    if found is None:
        return [NOTHING] * 5
    return [*_share(found.first), *_share(found.second), probability(found.p)]


def _share(found: Share) -> list[str]:
    return [f"{found.count} of {found.runs}", interval(found.interval, "{:.0%}".format)]


def standing_table(found: Sequence[Standing], unlike: Collection[RowKey]) -> Lines:
    """Give each row over all tasks."""
    places = _places(found)
    header = [*places, "method", "average", "mean rank", "interquartile mean"]
    return [*header, "95 % interval (interquartile)"], [
        [
            *_place(each, places),
            marked(each, unlike),
            described(each.average.summary, each.average.expected),
            NOTHING if each.rank is None else f"{each.rank:.2f} of {each.ranked}",
            points(each.middle),
            interval(each.interval, points),
        ]
        for each in found
    ]


def budget_table(found: Sequence[Panel[Budget]], unlike: Collection[RowKey]) -> Lines:
    """Give the expected best score of several runs, a column for each number of them."""
    most = max((len(budget.best) for panel in found for budget in panel.of.values()), default=0)
    columns = sorted({*(k for k in BUDGETS if k <= most), most})
    header = ["task", "scenario", "model", "method", "runs", *(f"best of {k}" for k in columns)]
    return header, [
        [
            *(panel.task, *panel.place),
            labelled((*panel.place, method), unlike),
            _runs(budget),
            *(_best(budget, k) for k in columns),
        ]
        for panel in found
        for method, budget in panel.of.items()
    ]


def _runs(budget: Budget) -> str:
    return f"{len(budget.best)} of {budget.expected}"


def _best(budget: Budget, k: int) -> str:
    return points(budget.best[k - 1].mean) if k <= len(budget.best) else NOTHING


def noise_table(found: Sequence[CellNoise], unlike: Collection[RowKey]) -> Lines:
    """Give the noise of seeds beside that of the evaluation examples."""
    places = _places(found)
    header = ["task", *places, "method", "examples", "runs", "sd over seeds"]
    header += ["se over examples (a run)", "se over examples (the mean)"]
    return header, [
        [
            each.task,
            *_place(each, places),
            marked(each, unlike),
            f"{each.examples:,}",
            f"{each.runs} of {each.scored}",
            *map(points, (each.over_seeds, each.over_examples, each.of_the_mean)),
        ]
        for each in found
    ]


def source_table(found: Sequence[Sources], unlike: Collection[RowKey]) -> Lines:
    """Give the shares of variance of crossed seeds."""
    places = _places(found)
    header = ["task", *places, "method", "heads x orders", "sd"]
    return [*header, "share of the head", "share of the order", "share of the rest"], [
        [
            each.task,
            *_place(each, places),
            marked(each, unlike),
            f"{each.heads} x {each.orders}",
            points(each.shares.total_sd),
            *_shares(each),
        ]
        for each in found
    ]


def _shares(found: Sources) -> list[str]:
    shares = (found.shares.init, found.shares.order, found.shares.rest)
    chances = (found.by_chance(found.heads), found.by_chance(found.orders), None)
    return [
        f"{share:.0%}" if chance is None else f"{share:.0%} ({chance:.0%})"
        for share, chance in zip(shares, chances, strict=True)
    ]


def _places(found: Sequence[Named]) -> Sequence[str]:
    """Name the columns that stand before the method's."""
    return row_labels(found)[:-1]


def _place(each: Named, names: Sequence[str]) -> list[str]:
    return [getattr(each, name) for name in names]


def probability(value: float | None) -> str:
    """Write a p-value with two significant figures."""
    if value is None:
        return NOTHING
    return "<0.0001" if value < 1e-4 else f"{value:.2g}"  # noqa: PLR2004 (what it then writes)


def _ratio(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "∞" if math.isinf(value) else f"{value:.2f}"


def interval(found: Interval | None, write: Callable[[float], str]) -> str:
    """Write the ends of an interval."""
    return NOTHING if found is None else f"[{write(found.low)}, {write(found.high)}]"
