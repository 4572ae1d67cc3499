"""What is found beyond single cells, as a document: `comparisons.md`; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.conditions import Contrast, Mixture
from dpsrun.report.findings import Findings, RowKey
from dpsrun.report.formats.comparisons import (
    UNLIKE,
    budget_table,
    difference_table,
    noise_table,
    source_table,
    standing_table,
    steadiness_table,
)
from dpsrun.report.formats.pipes import bullets, pipe_table, plain
from dpsrun.report.formats.published import beside_published, published_notes
from dpsrun.report.formats.tables import Lines, row_labels
from dpsrun.report.notes import unverified
from dpsrun.report.statistics.stability import FEW
from dpsrun.runs.store import Damaged

T = TypeVar("T")

SIGNIFICANT = 0.05

SELECTED = {
    "last": "Scores after the last epoch.",
    "best": "Scores of the best epoch, selected on the very examples that give them: optimistic.",
    "held-out": """\
Scores of the best epoch, selected by half of the evaluated examples and taken on the other half,
both ways round.""",
}

DIFFERENCES = """\
Each method against the reference: its mean score less the reference's, times 100. Pairs are runs
with the same seed; their interval is Student's, their p that of all sign flips of the differences
(two-sided, exact up to 20 pairs). Without common seeds the interval is Welch's, and p that of all
ways to deal the scores to two groups. Holm's correction is over the tasks of a method. P(better) is
the share of pairs that the method wins, ties counting half; its interval is a bootstrap over them.
The average is over the tasks within each seed; its p is not corrected."""

STEADINESS = """\
Standard deviations over the seeds, times 100, of the method and of the reference, and the first by
the second: below 1 the method is more stable. The interval of that ratio is a bootstrap over the
seeds; p (sd) is Brown and Forsythe's test of equal variances. Failed runs are those no better than
a constant guess and those that diverged, of all that the machine let end, with Wilson's interval;
p (failed) is Fisher's exact test of equal rates."""

OVERALL = """\
The average is over the tasks within each seed first. Ranks are those of the means on each task,
1 is best, averaged over the tasks. The interquartile mean leaves out the lowest and the highest
quarter of all scores of all tasks; it is given only where all tasks have shares (accuracy, F1) or
all have correlations, and its interval is a bootstrap over the seeds within each task."""

BUDGET = """\
Expected best of k runs (Dodge et al. 2019, with replacement): what reporting the best of several
seeds would give. Never for more runs than there are."""

NOISE = """\
Beside the spread over seeds: the standard error from the choice of the evaluation examples, by
bootstrap over the stored predictions, of a single run and of the mean (all runs are put to the same
examples)."""

SOURCES = """\
Two-way analysis of variance of runs that cross seeds of the new head with seeds of the data order
(Dodge et al. 2020): shares of the total sum of squares. The rest is their interaction and all other
noise."""

PUBLISHED = """\
Our score in the published metric, after the last epoch, and the published one. Only tasks, methods
and encoders that match are here; what was done otherwise stands below."""


def comparisons(found: Findings) -> str:
    """Write `comparisons.md`."""
    parts = [
        f"# {plain(found.report.grid)}: comparisons",
        SELECTED[found.wishes.selection],
        *_compared(found),
        *_section("Over all tasks", OVERALL, standing_table, found.standings),
        *_section("The best of several runs", BUDGET, budget_table, found.budgets),
        *_section("Seeds and examples", NOISE, noise_table, found.noises),
        *_section("Head and order", SOURCES, source_table, found.sources),
        *_section("Beside published results", PUBLISHED, beside_published, found.reproductions),
        bullets(published_notes(found.reproductions)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _section(
    title: str, words: str, table: Callable[[Sequence[T]], Lines], found: Sequence[T]
) -> Iterator[str]:
    if found:
        yield from (f"## {title}", words, pipe_table(table(found)))


def _compared(found: Findings) -> Iterator[str]:
    if not found.comparisons:
        yield "No row has another to be compared with: none has scores on the same task."
        yield bullets(comparison_notes(found))
        return
    unlike = found.apart
    yield "## Differences"
    yield DIFFERENCES
    yield pipe_table(difference_table(found.comparisons, unlike))
    yield bullets(comparison_notes(found))
    yield "## Stability"
    yield STEADINESS
    yield pipe_table(steadiness_table(found.comparisons, unlike))


def comparison_notes(found: Findings) -> list[str]:
    """Give what a reader must know beside the comparisons."""
    return [
        *_without_halves(found),
        *_limits(found.comparisons),
        *_unpaired(found),
        *_short(found.comparisons),
        *_contrasts(found),
        *_mixtures(found),
        *_unread(found.unread),
        *unverified(found.report),
    ]


def _without_halves(found: Findings) -> Iterator[str]:
    """Say how many runs have no held-out score, if that is asked for."""
    if found.wishes.selection == "held-out":
        trained = [entry.trained for entry in found.report.entries if entry.trained]
        lacking = sum(result.held_out is None for result in trained)
        if lacking:
            yield (
                f"no held-out score: {lacking} of {len(trained)} trained runs. Earlier versions of "
                "dpsrun did not score halves; `dpsrun grid GRID --force` does the runs again."
            )


def _limits(compared: Sequence[Comparison]) -> Iterator[str]:
    """Name the numbers of seeds that can show nothing at the usual level, alone or among tasks."""
    tasks = Counter(_row(each) for each in compared if each.adjusted_p is not None)
    said = {}
    for each in compared:
        smallest, number = each.measures.difference.smallest_p, tasks[_row(each)]
        if smallest > SIGNIFICANT:
            said[f"with {_seeds(each)}"] = smallest
        elif smallest * number > SIGNIFICANT:
            said[f"with {_seeds(each)} on one of {number} tasks alone (Holm)"] = smallest * number
    for where, smallest in said.items():
        yield f"cannot be significant {where}: the smallest p is {smallest:.2g}."


def _row(each: Comparison) -> RowKey:
    return each.scenario, each.model, each.method


def _seeds(each: Comparison) -> str:
    if not each.paired:
        return f"{len(each.first)} and {len(each.second)} seeds"
    return "1 seed" if len(each.seeds) == 1 else f"{len(each.seeds)} seeds"


def _unpaired(found: Findings) -> Iterator[str]:
    loose = [each for each in found.comparisons if not each.paired]
    if loose:
        yield f"not paired, for their seeds do not match the reference's: {_listed(loose, found)}."
    partial = [each for each in found.comparisons if each.paired and each.left_out]
    if partial:
        numbers = _listed(partial, found, lambda each: f"{each.left_out} of {each.task}")
        yield f"scores without a partner, left out: {numbers}."


def _short(compared: Sequence[Comparison]) -> Iterator[str]:
    drawn = (
        each
        for each in compared
        if each.measures.superiority.interval or each.measures.steadiness.interval
    )
    if any(min(len(each.first), len(each.second)) < FEW for each in drawn):
        yield f"bootstrap intervals of fewer than {FEW} seeds are too short."


def _contrasts(found: Findings) -> Iterator[str]:
    """List what differs beside the method, rows and tasks that differ alike in one line."""
    alike: dict[tuple[str, str, str], list[Contrast]] = {}
    for each in found.contrasts:
        alike.setdefault((each.name, each.first, each.second), []).append(each)
    for (name, first, second), group in alike.items():
        mark = "tuned:" if name in found.wishes.tuned else UNLIKE
        yield f"{mark} {name} is {first}, against {second}: {_listed(group, found)}."


def _mixtures(found: Findings) -> Iterator[str]:
    alike: dict[tuple[str, tuple[str, ...]], list[Mixture]] = {}
    for each in found.mixtures:
        alike.setdefault((each.name, each.values), []).append(each)
    for (name, values), group in alike.items():
        told = ", ".join(values)
        yield f"runs of one cell do not share {name} ({told}): {_listed(group, found)}."


def _unread(files: Sequence[Damaged]) -> Iterator[str]:
    if files:
        runs = len({file.path for file in files})  # a file has several splits
        number = "1 run" if runs == 1 else f"{runs} runs, the first"
        path, reason = files[0].path.as_posix(), files[0].reason
        yield f"predictions cannot be read, of {number}: {path}: {reason}"


Placed = TypeVar("Placed", Comparison, Contrast, Mixture)


def _listed(
    group: Sequence[Placed],
    found: Findings,
    told: Callable[[Placed], str] = attrgetter("task"),
) -> str:
    """Name the rows of a group, by the columns that identify one, with their tasks."""
    name = attrgetter(*row_labels(found.report.main))
    rows: dict[tuple[str, ...], dict[str, None]] = {}
    for each in group:
        rows.setdefault(name(each), {})[told(each)] = None
    return "; ".join(f"{', '.join(row)} ({', '.join(tasks)})" for row, tasks in rows.items())
