"""`dpsrun presets`: published training settings that a model of a grid can take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dpsrun.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dpsrun.config.presets import Preset


def presets(
    name: Annotated[
        str | None, typer.Argument(help="Show this preset's settings.", show_default=False)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List published training settings; with a NAME, its values and where they were read."""
    from dpsrun.config.presets import find
    from dpsrun.config.presets import presets as every
    from dpsrun.report import terminal

    known = list(every().values()) if name is None else [find(name)]
    if as_json:
        terminal.print_json([preset.model_dump(mode="json") for preset in known])
    elif name is None:
        lines = [(one.name, one.summary, ", ".join(one.sources)) for one in known]
        terminal.print_table("presets", ("preset", "what it is", "sources"), lines)
    else:
        _print(known[0])


def _print(preset: Preset) -> None:
    from dpsrun.report.terminal import print_lines, print_table

    rows = {"every task": preset.training, **preset.tasks}
    lines = [(task, _written(settings)) for task, settings in rows.items() if settings]
    print_lines([f"{preset.name}: {preset.summary}", ""])
    print_table("training settings", ("task", "settings"), lines)
    print_lines(["sources"])
    print_lines(f"  {file}: {', '.join(keys)}" for file, keys in preset.sources.items())
    print_lines(["differs", f"  {preset.differs}"] if preset.differs else [])


def _written(settings: Mapping[str, Any]) -> str:
    """Write settings as a grid file does."""
    import json

    return ", ".join(f"{key}: {json.dumps(value)}" for key, value in settings.items())
