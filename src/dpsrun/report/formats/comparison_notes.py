"""What a reader must know beside comparisons, in words; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from operator import attrgetter

from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.conditions import Contrast, Mixture
from dpsrun.report.analysis.lacking import Lack, lacks
from dpsrun.report.analysis.limits import Limit, limits
from dpsrun.report.findings import Findings
from dpsrun.report.formats.marks import UNLIKE
from dpsrun.report.formats.tables import row_labels, troubles
from dpsrun.report.named import Named, by_place
from dpsrun.report.notes import crossed, motionless, notes, unverified
from dpsrun.report.statistics.stability import FEW
from dpsrun.runs.store import Damaged


def comparison_notes(found: Findings) -> list[str]:
    """Give what a reader must know beside the comparisons."""
    return [
        *_left_out(found),
        *_without_reference(found),
        *_without_halves(found),
        *_limits(found.comparisons),
        *_scoreless(found),
        *motionless(found.report.main),
        *_unpaired(found),
        *_short(found.comparisons),
        *crossed(found.report.main),
        *contrast_notes(found),
        *_mixtures(found),
        *_gaps(found),
        *_unread(found.unread),
        *unverified(found.report),
    ]


def table_notes(found: Findings) -> list[str]:
    """Give the notes of a grid's tables, and what keeps their marked rows apart."""
    dagger = f"{UNLIKE} differs from its reference in more than the method: see comparisons.md."
    marks = [dagger] if found.apart else []
    return [*notes(found.report, found.measures), *marks, *contrast_notes(found)]


def _left_out(found: Findings) -> Iterator[str]:
    """Say what was not asked for, or cannot be told of held-out epochs."""
    noise = "the noise of the evaluation examples"
    if not found.wishes.bootstrap:
        yield (
            "left out by --no-bootstrap: the intervals of P(better) and of interquartile means, "
            f"and {noise}."
        )
    elif found.wishes.selection == "held-out":
        yield f"{noise} is not given: predictions of held-out epochs are not kept."


def _without_reference(found: Findings) -> Iterator[str]:
    """Name the models and scenarios that do not have the reference that was asked for."""
    label = found.wishes.against
    if label is not None:
        places = by_place(found.report.main.rows).items()
        lacking = [place for place, rows in places if label not in {row.method for row in rows}]
        if lacking:
            told = "; ".join(f"{model}, {scenario}" for scenario, model in lacking)
            yield f"no row {label} to compare with: {told}."


def _without_halves(found: Findings) -> Iterator[str]:
    """Say how many runs have no held-out score, if that is asked for."""
    if found.wishes.selection == "held-out":
        trained = [entry.trained for entry in found.report.entries if entry.trained]
        lacking = sum(result.held_out is None for result in trained)
        if lacking:
            yield (
                f"no held-out score: {lacking} of {len(trained)} trained runs. Half of the "
                "examples may leave it undefined, and earlier versions of dpsrun did not score "
                "halves; `dpsrun grid GRID --force` does runs again."
            )


def _limits(compared: Sequence[Comparison]) -> Iterator[str]:
    """Say what so few runs can show nothing of at the usual level."""
    for limit in limits(compared):
        over = f" after Holm's correction over {limit.tasks} tasks" if limit.tasks > 1 else ""
        what = "p (lost) " if limit.of == "rate" else ""
        words = f"{what}cannot be significant with {_runs(limit)}{over}"
        yield f"{words}: the smallest p is {limit.p:.2g}."


def _runs(limit: Limit) -> str:
    first, second = limit.sizes
    what = "runs" if limit.of == "rate" else "seeds"
    if not limit.paired:
        return f"{first} and {second} {what}"
    tied = f", {limit.ties} of them tied" if limit.ties else ""
    return ("1 seed" if first == 1 else f"{first} seeds") + tied


def _scoreless(found: Findings) -> Iterator[str]:
    """Name what has no difference: a method that always diverged, say."""
    alike: dict[str, list[Lack]] = {}
    for each in lacks(found.report.main, found.references):
        alike.setdefault(_lacking(each), []).append(each)
    for why, group in alike.items():
        yield f"no difference, for {why}: {_cells(group, found)}."


def _lacking(lack: Lack) -> str:
    """Say which of the two has no score, and why."""
    sides = {"the method": lack.own, f"the reference {lack.reference}": lack.other}
    return " and ".join(
        f"{name} has no score ({troubles(cell)})" if cell.expected else f"{name} has no such task"
        for name, cell in sides.items()
        if not cell.scores
    )


def _unpaired(found: Findings) -> Iterator[str]:
    loose = [each for each in found.comparisons if each.gain and not each.paired]
    if loose:
        why = "fewer than half of the seeds have a score in both methods"
        yield f"not paired, for {why}: {_cells(loose, found)}."
    partial = [each for each in found.comparisons if each.paired and each.left_out]
    if partial:
        numbers = _listed(((each, f"{each.left_out} of {each.task}") for each in partial), found)
        yield f"scores without a partner, left out: {numbers}."


def _short(compared: Sequence[Comparison]) -> Iterator[str]:
    drawn = (each for each in compared if _has_bootstrap(each))
    if any(min(len(each.first), len(each.second)) < FEW for each in drawn):
        yield f"bootstrap intervals of fewer than {FEW} seeds are too short."


def _has_bootstrap(each: Comparison) -> bool:
    """Say whether its P(better) has an interval that is none of Wilson's: either wins some."""
    pairs = zip if each.paired else product
    signs = {(a > b) - (a < b) for a, b in pairs(each.first, each.second)}
    has_interval = each.gain is not None and each.gain.superiority.interval is not None
    return has_interval and {-1, 1} <= signs


def contrast_notes(found: Findings) -> Iterator[str]:
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


def _gaps(found: Findings) -> Iterator[str]:
    """Name the cells that cross two seeds and have no shares of variance."""
    if found.gaps:
        rows = _listed(((row, cell.column.title) for row, cell in found.gaps), found)
        yield f"no shares of variance, for a run of the crossing has no score: {rows}."


def _unread(files: Sequence[Damaged]) -> Iterator[str]:
    if files:
        runs = len({file.path for file in files})  # a file has several splits
        number = "1 run" if runs == 1 else f"{runs} runs, the first"
        path, reason = files[0].path.as_posix(), files[0].reason
        yield f"predictions cannot be read, of {number}: {path}: {reason}"


def _cells(group: Iterable[Comparison | Contrast | Lack | Mixture], found: Findings) -> str:
    return _listed(((each, each.task) for each in group), found)


def _listed(group: Iterable[tuple[Named, str]], found: Findings) -> str:
    """Name rows by the columns that identify one, each with what is told of it."""
    name = attrgetter(*row_labels(found.report.main.rows))
    rows: dict[tuple[str, ...], dict[str, None]] = {}
    for each, told in group:
        rows.setdefault(name(each), {})[told] = None
    return "; ".join(f"{', '.join(row)} ({', '.join(told)})" for row, told in rows.items())
