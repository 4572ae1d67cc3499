"""The whole way of `dpsrun report`: choose, read, find, write, print."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpsrun.errors import UserError
from dpsrun.report.formats.epochs import IN_SHORT
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.tables import further, headline, outcomes
from dpsrun.report.read import Report, choose, everything_of, open_store, read
from dpsrun.report.terminal import print_lines, print_table
from dpsrun.report.write import delete_figures, write_figures, write_findings, write_tables
from dpsrun.runs.store import Damaged, Store

if TYPE_CHECKING:
    from dpsrun.report.findings import Findings, Wishes
    from dpsrun.report.formats.record import Record

UNDRAWN = "figures were not drawn, they need matplotlib: pip install 'dpsrun[report]'"

BOXES = "figures have boxes for letters that the font of matplotlib lacks"

SHOWN = 3
"""A terminal names so many damaged results."""


@dataclass(frozen=True)
class Made:
    """The report of a grid, what it found if that was asked for, and its files.

    In figures there are `boxes` for these letters of its labels.
    """

    report: Report
    files: tuple[Path, ...]
    findings: Findings | None = None
    record: Record = field(default_factory=dict)
    drawn: bool = True
    boxes: str = ""


@dataclass(frozen=True)
class Produced:
    """The reports of a results folder, and the unreadable grid notes."""

    reports: tuple[Made, ...]
    damaged: tuple[Damaged, ...]

    @property
    def undrawn(self) -> bool:
        """Whether there are figures that could not be drawn for want of matplotlib."""
        return not all(made.drawn for made in self.reports)

    @property
    def boxes(self) -> str:
        """The letters for which figures have boxes."""
        return "".join(sorted({letter for made in self.reports for letter in made.boxes}))


def produce(
    results: Path,
    *,
    everything: bool,
    names: Sequence[str],
    wishes: Wishes | None = None,
    figures: bool = False,
) -> Produced:
    """Make and write the reports of the named grids, of all grids, or one of everything.

    Comparisons and figures take seconds: they are made only where they are asked for.
    Raises UserError for a folder without runs, one whose grids are all damaged, an unknown grid,
    label or condition, and for a folder that cannot be written.
    """
    if everything and names:
        raise UserError("--all and --grid exclude each other")
    with _without_collector():
        return _produce(open_store(results), names, wishes, everything=everything, figures=figures)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Look for no garbage: a report makes millions of objects that live as long as the program."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _produce(
    store: Store, names: Sequence[str], wishes: Wishes | None, *, everything: bool, figures: bool
) -> Produced:
    if everything:
        combined, damaged = everything_of(store)
        manifests = [combined]
    else:
        manifests, damaged = choose(store, names)
    if not manifests:
        told = "\n".join(map(_named, damaged))
        raise UserError(f"{told}\nrun the grid again, or make one table of all runs with `--all`")
    reports = (read(store, manifest) for manifest in manifests)
    made = tuple(_made(store, report, wishes, figures=figures) for report in reports)
    return Produced(made, tuple(damaged))


def _made(store: Store, report: Report, wishes: Wishes | None, *, figures: bool) -> Made:
    try:
        if wishes is None:
            return Made(report, tuple(write_tables(store, report, numbers(report))))
        return _found(store, report, wishes, figures=figures)
    except OSError as error:
        place = store.root / "tables" / report.grid
        raise UserError(f"{place}: cannot be written: {error.strerror}") from error


def _found(store: Store, report: Report, wishes: Wishes, *, figures: bool) -> Made:
    from dpsrun.report.findings import find  # noqa: PLC0415 (numpy: a fifth of a second)
    from dpsrun.report.formats.comparison_notes import table_notes  # noqa: PLC0415 (as above)
    from dpsrun.report.formats.record import record  # noqa: PLC0415 (as above)

    found = find(store, report, wishes)
    told = record(found)
    tables = write_tables(store, report, told, found.apart, table_notes(found))
    files = (*tables, *write_findings(store, found, told))
    drawn = _drawn(store, found) if figures else ((), "")
    pictures, boxes = drawn or ((), "")
    delete_figures(store, report, but=pictures)
    return Made(report, (*files, *pictures), found, told, drawn=drawn is not None, boxes=boxes)


def _drawn(store: Store, found: Findings) -> tuple[Sequence[Path], str] | None:
    """Draw the figures, with boxes for some letters; None without matplotlib."""
    try:
        return write_figures(store, found)
    except ModuleNotFoundError:
        return None


def print_all(produced: Produced) -> None:
    """Print the headline of each report, what its reader must know, and where its files lie."""
    for made in produced.reports:
        print_report(made)
    print_lines(map(_named, produced.damaged))
    print_lines([UNDRAWN] if produced.undrawn else [])
    print_lines([f"{BOXES}: {produced.boxes}"] if produced.boxes else [])


def print_report(made: Made) -> None:
    """Print one report; `dpsrun grid` ends with this too."""
    report = made.findings.report if made.findings else made.report
    unlike = made.findings.apart if made.findings else ()
    title = f"{report.grid}: {IN_SHORT[report.selection]}, mean ± sd x 100"
    print_table(title, *headline(report.main, unlike))
    if report.transfer.table.columns:
        title = "further evaluation sets, after the last step"
        print_table(title, *further(report.transfer, unlike))
    if made.findings:
        print_comparisons(made.findings)
    print_lines([_counted(report), *_damage(report.damaged), *map(str, made.files), ""])


def _counted(report: Report) -> str:
    number = len(report.entries)
    outcome = ", ".join(f"{count} {outcome}" for outcome, count in outcomes(report).items())
    return f"{number} {'run' if number == 1 else 'runs'}: {outcome}"


def _damage(files: Sequence[Damaged]) -> Iterator[str]:
    """Name the first files that could not be read; `stability.md` names all."""
    yield from map(_named, files[:SHOWN])
    if len(files) > SHOWN:
        yield f"{len(files) - SHOWN} more are damaged; stability.md names them"


def _named(file: Damaged) -> str:
    return f"{file.path} is damaged: {file.reason}"


def print_comparisons(found: Findings) -> None:
    """Print the differences to the reference, and what must be known of them."""
    from dpsrun.report.formats.comparison_notes import comparison_notes  # noqa: PLC0415
    from dpsrun.report.formats.comparisons import summary_table  # noqa: PLC0415 (as above)

    if any(each.gain for each in found.comparisons):
        title = "difference of means x 100, 95 % interval"
        print_table(title, *summary_table(found.comparisons, found.apart))
    print_lines(comparison_notes(found))


def as_json(produced: Produced) -> dict[str, Any]:
    """Give all the numbers, raw, for machines."""
    return {
        "grids": [
            {**made.record, "files": [str(path) for path in made.files]}
            for made in produced.reports
        ],
        "damaged": [{"path": str(file.path), "reason": file.reason} for file in produced.damaged],
        "undrawn": produced.undrawn,
        "boxes": produced.boxes,
    }
