"""Grid files are read: the only place of this room that touches files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from dpsrun.config.axes import read_axes
from dpsrun.config.cells import build
from dpsrun.config.grid import Grid
from dpsrun.config.places import settle
from dpsrun.config.reader import Reader
from dpsrun.config.rules import read_rules
from dpsrun.config.schema import NAME
from dpsrun.config.yaml import parse
from dpsrun.errors import ConfigError, Problem, nearest
from dpsrun.runs.store import EVERYTHING
from dpsrun.tasks import registry


def load(paths: Iterable[Path]) -> tuple[Grid, ...]:
    """Read and check grid files; raises ConfigError with every problem of all of them."""
    grids: list[Grid] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            grids.append(_load(path))
        except ConfigError as error:
            problems += error.problems
    problems += _same_names(grids)
    if problems:
        raise ConfigError(problems)
    return tuple(grids)


def _load(path: Path) -> Grid:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {reason}")]) from error
    return read(content, path)


def read(content: bytes, path: Path) -> Grid:
    """Make the content of the grid file `path` a grid; raises ConfigError with all problems."""
    reader = Reader(parse(content, str(path)))
    base = path.absolute().parent
    name = _name(reader, path)
    data = _data(reader, base)
    axes = read_axes(reader, base)
    rules = read_rules(reader, axes)
    cells = () if reader.problems else build(reader, axes, rules)
    if reader.problems:
        raise ConfigError(_in_order(reader.problems, reader.document.faults))
    used = {cell.model for cell in cells}
    models = tuple(model for model, _ in axes.models if model.label in used)
    return Grid(name, models, data, cells, reader.document, axes.own_tasks)


def _in_order(problems: Iterable[Problem], faults: Sequence[Problem]) -> list[Problem]:
    """Give each problem once, from the top of the file down.

    What could not be read at all is reported as such, not again as a missing or wrong value.
    """
    unread = {(problem.line, problem.key) for problem in faults}
    rest = [problem for problem in problems if (problem.line, problem.key) not in unread]
    return sorted(dict.fromkeys([*faults, *rest]), key=lambda problem: problem.line or 0)


def _name(reader: Reader, path: Path) -> str:
    given = reader.sections["name"]
    name = path.stem if given is None else str(given)
    if not re.match(NAME, name):
        message = f"{name!r} must be made of letters, digits, '.', '_' and '-' (not '.' first)"
        reader.fault(("name",), message if given is not None else f"{message}; give a name:")
    if name.casefold() == EVERYTHING:
        reader.fault(("name",), f"{name!r} is the table over all grids; give another name:")
    return name


def _data(reader: Reader, base: Path) -> dict[str, str]:
    """Read where families of tasks lie."""
    families = {task.family for task in registry.tasks().values()}
    found = {}
    for family, place in reader.mapping("data").items():
        key = ("data", family)
        if family not in families:
            reader.fault(key, f"no tasks of this family; {nearest(family, families)}")
        try:
            found[family] = settle(place, base) if isinstance(place, str) else ""
        except ValueError as error:
            reader.fault(key, str(error))
    return found


def _same_names(grids: list[Grid]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for grid in grids:
        file = grid.document.file
        if grid.name in first:
            message = f"{first[grid.name]} is called {grid.name!r} too; give one another name"
            problems.append(grid.document.problem(("name",), message))
        first.setdefault(grid.name, file)
    return problems
