"""The headline as a LaTeX table with the rules of booktabs: `stability.tex`; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.findings import Findings
from dpsrun.report.formats.comparison_notes import contrast_notes
from dpsrun.report.formats.epochs import AT_LENGTH
from dpsrun.report.formats.measures import in_short
from dpsrun.report.formats.tables import cells_of, lost, points
from dpsrun.report.named import by_place

ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}

UNLIKE = r"$^\dagger$"


def latex(found: Findings) -> str:
    """Write the table of means and deviations.

    The best mean of each column is bold and the second underlined, in each scenario and model,
    among the rows that differ from the reference in nothing but the method and what was tuned, and
    in which every run has a score and not every run failed.
    """
    table = found.report.main
    titles = [cell.column.title for row in table.rows[:1] for cell in cells_of(table, row)]
    lines = [
        "% \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_caption(found)}}}",
        f"\\begin{{tabular}}{{l{'c' * len(titles)}}}",
        "\\toprule",
        f"{_joined(['method', *map(escaped, titles)])}",
        *_body(found),
        "\\bottomrule",
        "\\end{tabular}",
        *(f"% {' '.join(note.split())}" for note in contrast_notes(found)),
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _caption(found: Findings) -> str:
    told = AT_LENGTH[found.wishes.selection]
    words = f"{escaped(found.report.grid)}: mean {{\\scriptsize $\\pm$ standard deviation}} {told}"
    places = {f"{row.model}, {row.scenario}" for row in found.report.main.rows}
    where = f" {escaped(*places)}." if len(places) == 1 else ""
    told = "".join((_scores(found), _unlike(found), _tuned(found)))
    return f"{words}, times 100, over {_seeds(found)}.{where}{told}"


def _scores(found: Findings) -> str:
    told = in_short(found.measures)
    return f" Scores: {escaped(told)}." if told else ""


def _unlike(found: Findings) -> str:
    """Say what the mark means; the comments below the table tell it row by row."""
    tuned = found.wishes.tuned
    names = dict.fromkeys(each.name for each in found.contrasts if each.name not in tuned)
    if not found.apart:
        return ""
    listed = escaped(", ".join(names).replace("_", " "))
    return f" {UNLIKE}~differs from the reference in more than the method: {listed}."


def _tuned(found: Findings) -> str:
    names = ", ".join(sorted(found.wishes.tuned))
    return f" Chosen for each method: {escaped(names.replace('_', ' '))}." if names else ""


def _seeds(found: Findings) -> str:
    numbers = {cell.expected for row in found.report.main.rows for cell in row.cells} - {0} or {0}
    ends = dict.fromkeys((min(numbers), max(numbers)))
    return f"{' to '.join(map(str, ends))} seed{'' if numbers == {1} else 's'}"


def _body(found: Findings) -> Iterator[str]:
    table = found.report.main
    groups = by_place(table.rows)
    for (scenario, model), rows in groups.items():
        yield "\\midrule"
        if len(groups) > 1:
            across = 1 + len(cells_of(table, rows[0]))
            yield f"\\multicolumn{{{across}}}{{l}}{{{escaped(f'{model}, {scenario}')}}} \\\\"
        yield from _group(found, rows)


def _group(found: Findings, rows: Sequence[Row]) -> Iterator[str]:
    unlike = [row.key in found.apart for row in rows]
    alike = [row for row, apart in zip(rows, unlike, strict=True) if not apart]
    columns = [
        _leaders(cells) for cells in zip(*(_cells(found, row) for row in alike), strict=True)
    ]
    known = rows[0].place in found.references
    for row, apart in zip(rows, unlike, strict=True):
        cells = zip(_cells(found, row), columns, strict=True)
        shown = [_shown(cell, leaders if known and not apart else ()) for cell, leaders in cells]
        yield _joined([f"{escaped(row.method)}{UNLIKE if apart else ''}", *shown])


def _cells(found: Findings, row: Row) -> tuple[Cell, ...]:
    return cells_of(found.report.main, row)


def _leaders(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Give the two highest means as they are shown; none where there is nothing to compare."""
    means = [cell.summary.mean or 0.0 for cell in cells if _may_lead(cell)]
    ordered = dict.fromkeys(points(mean) for mean in sorted(means, reverse=True))
    return tuple(ordered)[:2] if len(means) > 1 else ()


def _may_lead(cell: Cell) -> bool:
    """Say whether a mean is over all runs, and of more than failures."""
    whole = cell.summary.n == cell.expected
    return whole and bool(cell.expected) and len(cell.counts.failed) < cell.runs


def _shown(cell: Cell, leaders: Sequence[str]) -> str:
    summary = cell.summary
    if summary.mean is None:
        return f"--{_small(lost(cell))}"
    mean = points(summary.mean)
    if mean in leaders and _may_lead(cell):
        mean = f"\\textbf{{{mean}}}" if mean == leaders[0] else f"\\underline{{{mean}}}"
    mean = mean.replace("-", "$-$")
    spread = "" if summary.sd is None else f" {{\\scriptsize $\\pm$ {points(summary.sd)}}}"
    fewer = "" if summary.n == cell.expected else f"$n={summary.n}$"
    return f"{mean}{spread}{_small(fewer, lost(cell))}"


def _small(*words: str) -> str:
    told = ", ".join(filter(None, words))
    return f" {{\\scriptsize ({told})}}" if told else ""


def _joined(cells: Iterable[str]) -> str:
    line = " & ".join(cells)
    # At its start LaTeX would take these for an option of the command before.
    guard = "{}" if line.startswith(("[", "*")) else ""
    return f"{guard}{line} \\\\"


def escaped(text: str) -> str:
    """Write text so that LaTeX prints it as it is."""
    return "".join(ESCAPED.get(character, character) for character in " ".join(text.split()))
