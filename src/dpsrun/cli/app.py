"""The command line: registers the commands and turns user errors into exit code 2."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from dpsrun import __version__
from dpsrun.cli.cancel import cancel
from dpsrun.cli.clean import clean
from dpsrun.cli.doctor import doctor
from dpsrun.cli.grid import grid
from dpsrun.cli.methods import methods
from dpsrun.cli.plan import plan
from dpsrun.cli.prepare import prepare
from dpsrun.cli.presets import presets
from dpsrun.cli.report import report
from dpsrun.cli.schema import schema
from dpsrun.cli.show import show
from dpsrun.cli.status import status
from dpsrun.cli.submit import submit
from dpsrun.cli.tasks import tasks
from dpsrun.cli.verify import verify
from dpsrun.cli.work import work
from dpsrun.errors import MissingError, UserError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # rich's help takes longer to load than all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run a grid of fine-tunes; learn whether a method is better, and whether it is stable.",
)
for command in (
    *(grid, plan, report, status, show, verify, cancel, clean, tasks, methods),
    *(presets, schema, submit),
    *(prepare, doctor),
):
    app.command()(command)
app.command(hidden=True)(work)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer's callback)
    if wanted:
        typer.echo(f"dpsrun {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Nothing to do before a command."""


def main() -> None:
    """Run the command line; what the user can mend ends with exit code 2 and no traceback."""
    try:
        app()
    except UserError as error:
        typer.echo(f"dpsrun: {error}", err=True)
        if isinstance(error, MissingError):
            words = _corrected(sys.argv[1:], error.options)
            typer.echo(f"type: {shlex.join(['dpsrun', *words])}", err=True)
        sys.exit(2)


def _corrected(words: list[str], missing: tuple[tuple[str, str], ...]) -> list[str]:
    """Give a command line that says where what is missing lies, and does not say it twice."""
    for option, name in missing:
        words = [*_without(words, option, name), option, f"{name}=PATH"]
    return words


def _without(words: list[str], option: str, name: str) -> list[str]:
    """Drop `--option NAME=...` and `--option=NAME=...`."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1] == option and word.startswith(f"{name}="):
            kept.pop()
        elif not word.startswith(f"{option}={name}="):
            kept.append(word)
    return kept
