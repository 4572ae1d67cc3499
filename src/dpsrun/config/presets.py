"""Published fine-tuning settings, by name: the content of `presets.yaml`, each with its sources."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from dpsrun.config.yaml import parse
from dpsrun.errors import UserError, nearest
from dpsrun.runs.frozen import Frozen

FILE = "presets.yaml"


class Preset(Frozen):
    """What somebody has published for an encoder, as far as it can be said here.

    Attributes:
        name: what a grid file calls it.
        summary: one line for `dpsrun presets`.
        sources: file or paper that was read -> the settings it gives; `tasks` for all of `tasks`.
        differs: what was published and has no equal here.
        training: training settings for every task.
        tasks: name of a task -> training settings for it alone, laid over those for every task.
    """

    name: str
    summary: str
    sources: dict[str, list[str]]
    differs: str = ""
    training: dict[str, Any] = {}
    tasks: dict[str, dict[str, Any]] = {}


@cache
def presets() -> dict[str, Preset]:
    """Give all presets by name, in the order of their file; do not change what is given."""
    content = files("dpsrun.config").joinpath(FILE).read_bytes()
    found = parse(content, FILE).data
    return {name: Preset.model_validate({"name": name, **one}) for name, one in found.items()}


def find(name: str) -> Preset:
    """Look a preset up; raises UserError with the nearest name, an encoder's own before others'."""
    known = presets()
    if name not in known:
        own = [other for other in known if other.startswith(name)]
        raise UserError(f"no preset is called {name!r}: {nearest(name, own or known)}")
    return known[name]
