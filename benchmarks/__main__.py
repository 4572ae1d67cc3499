"""`python -m benchmarks [NAME...] [--quick] [--data GLUE] [--model M]`: measure, print, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks import (
    costs,
    engines,
    latency,
    memory,
    methods,
    padding,
    peers,
    reporting,
    roofline,
    scaling,
    startup,
)
from benchmarks.fresh import machine
from benchmarks.measure import MODEL, Settings

BENCHMARKS = {
    "peers": peers.measure,
    "roofline": roofline.measure,
    "methods": methods.measure,
    "memory": memory.measure,
    "costs": costs.measure,
    "padding": padding.measure,
    "latency": latency.measure,
    "reporting": reporting.measure,
    "startup": startup.measure,
    "scaling": scaling.measure,
    "engines": engines.measure,
}


def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help=f"Of {', '.join(BENCHMARKS)}.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Only see that they work.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="GLUE, hub's layout; else mini tasks."),
    ] = None,
    model: Annotated[str, typer.Option(help="The encoder, as in a grid file.")] = MODEL,
    out: Annotated[Path, typer.Option(help="Where tables are written.")] = Path("results/bench"),
) -> None:
    """Measure speed and memory as ratios; print the tables and write them to OUT."""
    unknown = sorted(set(names or ()) - set(BENCHMARKS))
    if unknown:
        raise typer.BadParameter(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    settings = Settings(str(data.resolve()) if data else None, quick, model)
    for name in names or BENCHMARKS:
        before = machine()
        table = BENCHMARKS[name](settings)
        table.show()
        table.write(out, before)


if __name__ == "__main__":
    typer.run(main)
