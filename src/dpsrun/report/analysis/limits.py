"""What so few runs cannot show, whatever their scores are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dpsrun.report.analysis.comparison import Comparison, Failures
from dpsrun.report.analysis.measures import SIGNIFICANT
from dpsrun.report.statistics.several import holm
from dpsrun.report.statistics.stability import fisher_p


@dataclass(frozen=True)
class Limit:
    """The smallest p that can be reached, which lies above the usual level.

    Attributes:
        of: what is tested, a `difference` or a `rate` of lost runs.
        sizes: runs of the method and of the reference.
        paired: whether they are pairs.
        ties: pairs whose scores are equal, which bring no p down.
        tasks: over how many tasks Holm's correction was made; 1 for none.
        p: the smallest.
    """

    of: str
    sizes: tuple[int, int]
    paired: bool
    ties: int
    tasks: int
    p: float


def limits(compared: Iterable[Comparison]) -> tuple[Limit, ...]:
    """Give all limits of some comparisons, each once."""
    rows: dict[tuple[str, str, str], list[Comparison]] = {}
    for each in compared:
        rows.setdefault(each.key, []).append(each)
    found = (limit for own in rows.values() for limit in (*_of_gains(own), *_of_rates(own)))
    return tuple(dict.fromkeys(found))


def _of_gains(own: Sequence[Comparison]) -> Iterator[Limit]:
    """Give the limits of a row: of each task alone, else after Holm over all of them.

    No task can do better than where all reach their smallest p.
    """
    tasks = [each for each in own if each.failures]
    smallest = [_smallest(each) for each in tasks]
    for each, p, adjusted in zip(tasks, smallest, holm(smallest), strict=True):
        if each.gain and adjusted > SIGNIFICANT:
            many = p <= SIGNIFICANT
            yield _limit(each, len(tasks) if many else 1, adjusted if many else p)
    for each in own:
        if each.gain and not each.failures and (p := _smallest(each)) > SIGNIFICANT:
            yield _limit(each, 1, p)


def _smallest(each: Comparison) -> float:
    """Give the smallest p of a comparison: 1 for one without a score, 0 where there is no end."""
    return (each.gain.difference.smallest_p or 0.0) if each.gain else 1.0


def _limit(each: Comparison, tasks: int, p: float) -> Limit:
    counts = each.gain.superiority.outcomes if each.gain else None
    sizes = len(each.first), len(each.second)
    return Limit("difference", sizes, each.paired, counts.ties if counts else 0, tasks, p)


def _of_rates(own: Iterable[Comparison]) -> Iterator[Limit]:
    for failures in (each.failures for each in own if each.failures):
        sizes = failures.first.runs, failures.second.runs
        lost = failures.first.count + failures.second.count
        if lost and (p := _smallest_fisher_p(failures)) > SIGNIFICANT:
            yield Limit("rate", sizes, paired=False, ties=0, tasks=1, p=p)


def _smallest_fisher_p(failures: Failures) -> float:
    """Give the p where all runs of one method are lost and none of the other."""
    first, second = failures.first.runs, failures.second.runs
    return min(fisher_p((first, 0), (first, second)), fisher_p((0, second), (first, second)))
