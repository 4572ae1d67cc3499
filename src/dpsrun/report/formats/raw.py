"""What is found beyond single cells as lines of raw numbers, in natural units; pure.

None where a number does not exist; a ratio of deviations is None too where the reference has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dpsrun.report.analysis.comparison import Failures, Share
from dpsrun.report.analysis.measures import Gain, Steadiness
from dpsrun.report.findings import Findings
from dpsrun.report.formats.spreadsheets import Line
from dpsrun.report.statistics.interval import Interval


def comparison_lines(found: Findings) -> Iterator[Line]:
    """Give all comparisons; `comparable` is false where more than the method differs."""
    unlike = found.apart
    for each in found.comparisons:
        yield {
            "grid": found.report.grid,
            "selection": found.wishes.selection,
            **_place(each),
            "reference": each.reference,
            "task": each.task,
            "comparable": each.key not in unlike,
            "paired": each.paired,
            "n": len(each.first),
            "reference_n": len(each.second),
            "left_out": each.left_out,
            **_difference(each.gain, each.adjusted_p),
            **_superiority(each.gain),
            **_steadiness(each.steadiness),
            **_failures(each.failures),
        }


def _place(each: object) -> Line:
    return {name: getattr(each, name) for name in ("scenario", "model", "method")}


def _difference(gain: Gain | None, adjusted: float | None) -> Line:
    found = gain.difference if gain else None
    return {
        "difference": found.value if found else None,
        **_interval("difference", found.interval if found else None),
        "p": found.p if found else None,
        "p_holm": adjusted,
        "smallest_p": found.smallest_p if found else None,
    }


def _superiority(gain: Gain | None) -> Line:
    found = gain.superiority if gain else None
    counts = found.outcomes if found else None
    played = {name: getattr(counts, name, None) for name in ("wins", "ties", "losses")}
    value, interval = (found.value, found.interval) if found else (None, None)
    return {**played, "p_better": value, **_interval("p_better", interval)}


def _steadiness(found: Steadiness) -> Line:
    interval = _interval("sd_ratio", found.interval)
    deviations = {"sd": found.first, "reference_sd": found.second}
    return {
        **deviations,
        "sd_ratio": _finite(found.ratio),
        **interval,
        "brown_forsythe_p": found.p,
    }


def _failures(found: Failures | None) -> Line:
    first, second = (found.first, found.second) if found else (None, None)
    shares = {**_share("lost", first), **_share("reference_lost", second)}
    return {**shares, "fisher_p": found.p if found else None}


def _share(name: str, found: Share | None) -> Line:
    count, runs = (found.count, found.runs) if found else (None, None)
    return {name: count, f"{name}_of": runs, **_interval(name, found.interval if found else None)}


def _interval(name: str, found: Interval | None) -> Line:
    low, high = (found.low, found.high) if found else (None, None)
    return {f"{name}_low": _finite(low), f"{name}_high": _finite(high)}


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def standing_lines(found: Findings) -> Iterator[Line]:
    """Give each row over all tasks."""
    for each in found.standings:
        yield {
            "grid": found.report.grid,
            "selection": found.wishes.selection,
            **_place(each),
            "comparable": each.key not in found.apart,
            "n": each.average.summary.n,
            "average": each.average.summary.mean,
            "sd": each.average.summary.sd,
            "mean_rank": each.rank,
            "ranked": each.ranked,
            "interquartile_mean": each.middle,
            **_interval("interquartile_mean", each.interval),
        }


def budget_lines(found: Findings) -> Iterator[Line]:
    """Give the expected best score of each number of runs, with and without replacement."""
    for panel in found.budgets:
        scenario, model = panel.place
        for method, budget in panel.of.items():
            for best in budget.best:
                yield {
                    "grid": found.report.grid,
                    "selection": found.wishes.selection,
                    "scenario": scenario,
                    "model": model,
                    "method": method,
                    "task": panel.task,
                    **vars(best),
                }


def noise_lines(found: Findings) -> Iterator[Line]:
    """Give the noise of the evaluation examples of each cell."""
    selected = {"grid": found.report.grid, "selection": found.wishes.selection}
    yield from (selected | vars(each) for each in found.noises)


def source_lines(found: Findings) -> Iterator[Line]:
    """Give the shares of variance of each cell that crosses seeds."""
    selected = {"grid": found.report.grid, "selection": found.wishes.selection}
    for each in found.sources:
        crossed = {name: getattr(each, name) for name in ("task", "heads", "orders")}
        yield {**selected, **_place(each), **crossed, **vars(each.shares)}
