"""Methods and their sweeps become the rows of a table."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dpsrun.config import names
from dpsrun.config.grid import MAX_RUNS
from dpsrun.config.layer import RIVALS, Layer
from dpsrun.config.reader import Reader
from dpsrun.config.schema import shown
from dpsrun.config.yaml import Key
from dpsrun.methods.spec import MethodSpec
from dpsrun.runs.spec import Training


@dataclass(frozen=True)
class Row:
    """A method with its settings: one row of a table.

    Attributes:
        label: what the tables call it; a sweep's row adds its settings in brackets.
        method: what it runs.
        place: of its entry in the file.
        params: the parameters written there.
        swept: training settings and parameters of its place in the sweep.
    """

    label: str
    method: MethodSpec
    place: Key
    params: Layer
    swept_training: Layer = field(default_factory=Layer)
    swept_params: Layer = field(default_factory=Layer)


@dataclass(frozen=True)
class Sweep:
    """One setting that takes several values, each on a row of its own."""

    section: str
    name: str
    place: Key
    values: Sequence[Any]

    def applies(self, row: Row) -> bool:
        """Say whether a method has this setting; all share the training settings."""
        return self.section == "training" or self.name in row.method.params.model_fields

    def layer(self, index: int) -> Layer:
        """Give the setting at one of its values."""
        return Layer({self.name: self.values[index]}, {self.name: (*self.place, index)})


def read_sweep(reader: Reader, methods: Sequence[Row]) -> list[Row]:
    """Cross each method with the settings under `sweep` that it has."""
    found = [
        sweep
        for key, values in reader.mapping("sweep").items()
        if (sweep := _sweep(reader, key, values, methods))
    ]
    for sweep in found:
        if f"training.{RIVALS.get(sweep.name)}" in reader.mapping("sweep"):
            reader.fault(sweep.place, "sweep either epochs or max_steps, not both")
    sizes = (math.prod(len(s.values) for s in found if s.applies(method)) for method in methods)
    if sum(sizes) > MAX_RUNS:
        reader.fault(("sweep",), f"these are more than {MAX_RUNS:,} settings")
        return list(methods)
    return [row for method in methods for row in _rows(method, found)]


def _sweep(reader: Reader, key: str, values: object, methods: Sequence[Row]) -> Sweep | None:
    place = ("sweep", key)
    section, _, name = key.partition(".")
    if not _is_known(reader, key, methods):
        return None
    if not isinstance(values, list) or not values:
        reader.fault(place, f"must be a list of values; found {shown(values)}")
        return None
    sweep = Sweep(section, name, place, values)
    owners = {row.method.params: row for row in methods if sweep.applies(row)}
    models = [Training] if section == "training" else list(owners)
    for index, value in enumerate(values):
        for model in models:
            reader.check_settings(model, {name: value}, (*place, index))
    reader.unique(((_text(value), (*place, i)) for i, value in enumerate(values)), "value")
    return sweep


def _is_known(reader: Reader, key: str, methods: Sequence[Row]) -> bool:
    params = {f"params.{name}" for row in methods for name in row.method.params.model_fields}
    known = params | {f"training.{name}" for name in Training.model_fields}
    if key in known:
        return True
    if key.startswith("params.") and not reader.sound("methods"):
        return False  # the method that has it may be the one with a fault
    name = key.rpartition(".")[2]
    twins = sorted(full for full in known if full.rpartition(".")[2] == name)
    hint = names.unknown(name if names.is_foreign(name) else key, known)
    advice = f"write {twins[0]!r}" if twins else hint
    what = "no method of this grid has it" if key.startswith("params.") else "unknown setting"
    reader.fault(("sweep", key), f"{what}; {advice}")
    return False


def _rows(method: Row, sweeps: Sequence[Sweep]) -> list[Row]:
    own = [sweep for sweep in sweeps if sweep.applies(method)]
    if not own:
        return [method]
    steps = [[(sweep, index) for index in range(len(sweep.values))] for sweep in own]
    return [_row(method, point) for point in itertools.product(*steps)]


def _row(method: Row, point: Sequence[tuple[Sweep, int]]) -> Row:
    layers = {"training": method.swept_training, "params": method.swept_params}
    for sweep, index in point:
        layers[sweep.section] = layers[sweep.section].under(sweep.layer(index))
    settings = " ".join(f"{s.name}={_text(s.values[index])}" for s, index in point)
    return replace(
        method,
        label=f"{method.label} [{settings}]",
        swept_training=layers["training"],
        swept_params=layers["params"],
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
