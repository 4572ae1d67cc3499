"""What a benchmark gives, on the terminal and as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.measure import Spread

Row = Mapping[str, Spread | float | str | None]


@dataclass(frozen=True)
class Table:
    """One benchmark's outcome: rows of equal keys, and what a reader must know of them."""

    name: str
    title: str
    notes: str
    rows: Sequence[Row]

    def show(self) -> None:
        """Print it."""
        table = RichTable(*self.rows[0], title=self.title)
        for line in self.lines():
            table.add_row(*line)
        Console().print(table, self.notes, "", sep="\n", highlight=False, markup=False)

    def write(self, folder: Path, machine: Mapping[str, Any]) -> None:
        """Write `<name>.md` and `<name>.json`, with the machine that it was taken on."""
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(asdict(self) | {"machine": dict(machine)}, indent=1) + "\n"
        (folder / f"{self.name}.json").write_text(content, encoding="utf-8")
        (folder / f"{self.name}.md").write_text(self._markdown(machine), encoding="utf-8")

    def lines(self) -> list[list[str]]:
        """Give the cells as text: numbers with four digits, nothing as a dash."""
        return [[_text(cell) for cell in row.values()] for row in self.rows]

    def _markdown(self, machine: Mapping[str, Any]) -> str:
        lines = [list(self.rows[0]), ["---"] * len(self.rows[0]), *self.lines()]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
        return f"# {self.title}\n\n{table}\n\n{self.notes}\n\n## Machine\n\n{facts}\n"


def mean_row(rows: Sequence[Row], who: Mapping[str, str], *columns: str) -> dict[str, Any]:
    """Give the geometric means of columns over the rows that have the cells `who`."""
    mine = [row for row in rows if who.items() <= row.items()]
    means = {name: geometric_mean([row[name] for row in mine]) for name in columns}  # type: ignore[misc]
    return {**dict.fromkeys(rows[0]), "task": "geometric mean", **who, **means}


def at_most(value: Spread | float, target: float | None) -> str | None:
    """Say whether a value meets its target, if it has one; that of a spread by its median."""
    return None if target is None else f"at most {target:g}: {_verdict(_middle(value) <= target)}"


def at_least(value: Spread | float, target: float) -> str:
    """Say the same of a target that is better passed than missed."""
    return f"at least {target:g}: {_verdict(_middle(value) >= target)}"


def _middle(value: Spread | float) -> float:
    return value.median if isinstance(value, Spread) else value


def _verdict(met: bool) -> str:  # noqa: FBT001 (an adjective)
    return "met" if met else "missed"


def _text(cell: Spread | float | str | None) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
