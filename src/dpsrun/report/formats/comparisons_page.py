"""What is found beyond single cells, as a document: `comparisons.md`; pure."""

from __future__ import annotations

from collections.abc import Iterator

from dpsrun.report.findings import Findings
from dpsrun.report.formats.comparison_notes import comparison_notes
from dpsrun.report.formats.comparisons import (
    budget_table,
    difference_table,
    noise_table,
    source_table,
    standing_table,
    steadiness_table,
)
from dpsrun.report.formats.epochs import AT_LENGTH
from dpsrun.report.formats.measures import measured
from dpsrun.report.formats.pipes import bullets, pipe_table, plain
from dpsrun.report.formats.published import beside_published, published_notes
from dpsrun.report.formats.tables import Lines

DIFFERENCES = """\
Each method against the reference: its mean score less the reference's, times 100. Pairs are runs
with the same seed; their interval is Student's, their p that of all sign flips of the differences
(two-sided, exact up to 20 pairs, beyond that of random flips). Where fewer than half of the seeds
have a score in both, the interval is Welch's, and p that of the ways to deal the scores to two
groups (random ones beyond 200,000). The intervals take scores to be normal, p does not: with few
seeds they may disagree, and p is the one to go by. Runs that share some of their seeds with others
are judged otherwise, which a note then says. Holm's correction is over the tasks of a method.
P(better) is the share of pairs that the method wins, or of all combinations of two runs where there
are no pairs, ties counting half; its interval is a bootstrap over them, and Wilson's where one of
the two never wins. The average is over the tasks within each seed; its p is not corrected."""

STEADINESS = """\
Standard deviations of all scores, times 100, of the method and of the reference, and the first by
the second: below 1 the method is more stable; it is ∞ (in `comparisons.csv`: no number) where the
reference has no deviation. The interval of that ratio is exact for normal scores: of pairs Pitman's
and Morgan's (none for 2 pairs, or for more that lie on a line), of groups that of F. p (sd) is
Brown and Forsythe's test of equal variances, which bears with scores that are not normal, and which
3 seeds cannot bring below 0.116. Lost runs are those that failed (no better than a constant guess)
and those that diverged, of all that the machine let end, with Wilson's interval; p (lost) is
Fisher's exact test of equal rates. A method that loses runs may look stable in those that are left:
read both together. Either test takes the runs of the two methods to be independent."""

OVERALL = """\
The average is over the tasks within each seed first. Ranks are those of the means on each task,
1 is best, averaged over the tasks, among the rows that are comparable and all of whose runs have a
score: what is left of a method that lost runs cannot be ranked. The interquartile mean, with the
same condition, leaves out the lowest and the highest quarter of all scores of all tasks; it is
given only where all tasks have shares (accuracy, F1) or all have correlations, and its interval is
a bootstrap over the seeds within each task."""

BUDGET = """\
Expected best of k runs (Dodge et al. 2019, with replacement): what reporting the best of several
seeds would give. Never for more runs than have a score; those without one are left out, as if they
had not been started."""

NOISE = """\
Beside the spread over seeds: the standard error from the choice of the evaluation examples, by
bootstrap over the stored predictions, of a single run and of the mean (all runs are put to the same
examples; not given where predictions of some runs cannot be read)."""

SOURCES = """\
Two-way analysis of variance of runs that cross seeds of the new head with seeds of the data order
(Dodge et al. 2020): shares of the total sum of squares, in brackets those that noise alone has on
average. The rest is their interaction and all other noise."""

PUBLISHED = """\
Our score in the published metric, after the last epoch, and the published one. Only tasks, methods
and encoders that match are here; what was done otherwise stands below."""

ALONE = "No row has another to be compared with."

UNSCORED = "No row can be compared with its reference: on no task have both of them a score."


def comparisons(found: Findings) -> str:
    """Write `comparisons.md`."""
    unlike = found.apart
    parts = [
        f"# {plain(found.report.grid)}: comparisons",
        f"Scores {AT_LENGTH[found.wishes.selection]}.{_metrics(found)}",
        *_compared(found),
        *_section("Over all tasks", OVERALL, standing_table(found.standings, unlike)),
        *_section("The best of several runs", BUDGET, budget_table(found.budgets, unlike)),
        *_section("Seeds and examples", NOISE, noise_table(found.noises, unlike)),
        *_section("Head and order", SOURCES, source_table(found.sources, unlike)),
        *_section("Beside published results", PUBLISHED, beside_published(found.reproductions)),
        bullets(published_notes(found.reproductions)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _metrics(found: Findings) -> str:
    told = measured(found.measures)
    return f" Their metrics: {plain(told)}." if told else ""


def _section(title: str, words: str, table: Lines) -> Iterator[str]:
    _, lines = table
    if lines:
        yield from (f"## {title}", words, pipe_table(table))


def _compared(found: Findings) -> Iterator[str]:
    unlike, notes = found.apart, bullets(comparison_notes(found))
    if not found.comparisons:
        yield from (UNSCORED if found.references else ALONE, notes)
        return
    yield "## Differences"
    if any(each.gain for each in found.comparisons):
        yield from (DIFFERENCES, pipe_table(difference_table(found.comparisons, unlike)))
    else:
        yield UNSCORED
    yield notes
    yield "## Stability"
    yield STEADINESS
    yield pipe_table(steadiness_table(found.comparisons, unlike))
