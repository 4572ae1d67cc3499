"""`dpsrun methods`: the methods that a grid can name, and the parameters of one."""

from __future__ import annotations

from typing import Annotated

import typer

from dpsrun.cli.options import AsJson


def methods(
    name: Annotated[
        str | None,
        typer.Argument(help="Show this method, or several as one: NAME+NAME.", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the methods; with a NAME, its parameters, what it does to a run, sources and notes."""
    from dpsrun.methods import registry
    from dpsrun.report import catalogue, terminal

    known = list(registry.specs().values()) if name is None else [registry.find(name)]
    if as_json:
        terminal.print_json([catalogue.method_json(spec) for spec in known])
    elif name is None:
        terminal.print_table("methods", catalogue.METHOD_HEADER, map(catalogue.method_line, known))
        terminal.print_lines([catalogue.METHOD_HINT])
    else:
        catalogue.print_method(known[0])
