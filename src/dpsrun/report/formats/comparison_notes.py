"""What a reader must know beside comparisons, in words; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from dpsrun.report.aggregate import Cell
from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.conditions import Contrast, Mixture
from dpsrun.report.analysis.reference import pairs
from dpsrun.report.findings import Findings
from dpsrun.report.formats.comparisons import UNLIKE
from dpsrun.report.formats.tables import row_labels
from dpsrun.report.named import Named
from dpsrun.report.notes import unverified
from dpsrun.report.statistics.stability import FEW
from dpsrun.runs.store import Damaged

SIGNIFICANT = 0.05


def comparison_notes(found: Findings) -> list[str]:
    """Give what a reader must know beside the comparisons."""
    return [
        *_without_halves(found),
        *_limits(found.comparisons),
        *_scoreless(found),
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
    tasks = Counter(each.key for each in compared if each.adjusted_p is not None)
    said = {}
    for each in compared:
        smallest, number = each.measures.difference.smallest_p, tasks[each.key]
        if smallest > SIGNIFICANT:
            said[f"with {_seeds(each)}"] = smallest
        elif smallest * number > SIGNIFICANT:
            said[f"with {_seeds(each)} on one of {number} tasks alone (Holm)"] = smallest * number
    for where, smallest in said.items():
        yield f"cannot be significant {where}: the smallest p is {smallest:.2g}."


def _scoreless(found: Findings) -> Iterator[str]:
    """Name what the grid has and no comparison shows: a method that always diverged, say."""
    lacking = [
        (row, cell.column.title)
        for row, reference in pairs(found.report.main, found.references)
        for cell, other in zip(row.cells, reference.cells, strict=True)
        if cell.expected and other.expected and (_is_lost(cell) or _is_lost(other))
    ]
    if lacking:
        why = "no run of the method or of its reference has a score"
        yield f"not compared, {why}: {_listed(lacking, found)}."


def _is_lost(cell: Cell) -> bool:
    """Say whether no run has a score for reasons that lie with the method."""
    return not cell.scores and bool(cell.counts.diverged or cell.counts.undefined)


def _seeds(each: Comparison) -> str:
    if not each.paired:
        return f"{len(each.first)} and {len(each.second)} seeds"
    return "1 seed" if len(each.seeds) == 1 else f"{len(each.seeds)} seeds"


def _unpaired(found: Findings) -> Iterator[str]:
    loose = [each for each in found.comparisons if not each.paired]
    if loose:
        yield f"not paired, for their seeds do not match the reference's: {_cells(loose, found)}."
    partial = [each for each in found.comparisons if each.paired and each.left_out]
    if partial:
        numbers = _listed(((each, f"{each.left_out} of {each.task}") for each in partial), found)
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
        yield f"{mark} {name} is {first}, against {second}: {_cells(group, found)}."


def _mixtures(found: Findings) -> Iterator[str]:
    alike: dict[tuple[str, tuple[str, ...]], list[Mixture]] = {}
    for each in found.mixtures:
        alike.setdefault((each.name, each.values), []).append(each)
    for (name, values), group in alike.items():
        told = ", ".join(values)
        yield f"runs of one cell do not share {name} ({told}): {_cells(group, found)}."


def _unread(files: Sequence[Damaged]) -> Iterator[str]:
    if files:
        runs = len({file.path for file in files})  # a file has several splits
        number = "1 run" if runs == 1 else f"{runs} runs, the first"
        path, reason = files[0].path.as_posix(), files[0].reason
        yield f"predictions cannot be read, of {number}: {path}: {reason}"


def _cells(group: Iterable[Comparison | Contrast | Mixture], found: Findings) -> str:
    return _listed(((each, each.task) for each in group), found)


def _listed(group: Iterable[tuple[Named, str]], found: Findings) -> str:
    """Name rows by the columns that identify one, each with what is told of it."""
    name = attrgetter(*row_labels(found.report.main.rows))
    rows: dict[tuple[str, ...], dict[str, None]] = {}
    for each, told in group:
        rows.setdefault(name(each), {})[told] = None
    return "; ".join(f"{', '.join(row)} ({', '.join(told)})" for row, told in rows.items())
