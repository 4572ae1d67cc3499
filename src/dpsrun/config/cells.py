"""Axes and rules become cells with complete settings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from dpsrun.config.axes import Axes
from dpsrun.config.grid import MAX_RUNS, Cell, Origin, seed_label
from dpsrun.config.layer import Layer
from dpsrun.config.reader import Reader
from dpsrun.config.rows import Row
from dpsrun.config.rules import Rules
from dpsrun.config.yaml import Key
from dpsrun.runs.spec import Seeds, Training

M = TypeVar("M", bound=BaseModel)


def build(reader: Reader, axes: Axes, rules: Rules) -> tuple[Cell, ...]:
    """Cross the axes; a combination whose settings do not go together is noted as a problem."""
    if axes.size() > MAX_RUNS:
        reader.fault((), f"the grid has {axes.size():,} runs; the most is {MAX_RUNS:,}")
        return ()
    cells = _Cells(reader, axes, rules).build()
    if not cells and not reader.problems:
        section = "include" if rules.include else "exclude"
        reader.fault((section,), "include and exclude leave no run")
    return cells


class _Cells:
    def __init__(self, reader: Reader, axes: Axes, rules: Rules) -> None:
        self.reader = reader
        self.axes = axes
        self.rules = rules
        self.settled: dict[tuple[type[BaseModel], str], BaseModel | None] = {}

    def build(self) -> tuple[Cell, ...]:
        axes = self.axes
        found = []
        product = itertools.product(axes.tasks, axes.models, axes.rows, axes.scenarios)
        for (task, _), (model, model_place), row, (scenario, scenario_place) in product:
            labels = {
                "task": task,
                "model": model.label,
                "method": row.label,
                "scenario": str(scenario),
            }
            seeds = self._seeds(labels)
            origin = self._origin(labels, row, model_place, scenario_place)
            if not seeds:
                continue
            training = self._settle(Training, origin.training, origin.method)
            params = self._settle(row.method.params, origin.params, origin.method)
            if training is None or params is None:
                continue
            found.append(
                Cell(
                    task=task,
                    model=model.label,
                    label=row.label,
                    method=row.method.name,
                    params=params,
                    scenario=scenario,
                    training=training,
                    seeds=seeds,
                    origin=origin,
                )
            )
        return tuple(found)

    def _seeds(self, labels: Mapping[str, str]) -> tuple[Seeds, ...]:
        return tuple(
            seeds
            for seeds in self.axes.seeds
            if self.rules.keeps({**labels, "seed": seed_label(seeds)})
        )

    def _origin(self, labels: Mapping[str, str], row: Row, model: Key, scenario: Key) -> Origin:
        training, params = self.rules.training, row.params
        for change in self.rules.changes:
            if change.selector.takes(labels):
                training, params = training.under(change.training), params.under(change.params)
        return Origin(
            model=model,
            method=row.place,
            scenario=scenario,
            training=training.under(row.swept_training),
            params=params.under(row.swept_params),
        )

    def _settle(self, model: type[M], layer: Layer, otherwise: Key) -> M | None:
        """Validate settings as a whole, equal ones once."""
        key = (model, repr(sorted(layer.values.items())))
        if key not in self.settled:
            self.settled[key] = self._validated(model, layer, otherwise)
        settled = self.settled[key]
        return settled if isinstance(settled, model) else None

    def _validated(self, model: type[M], layer: Layer, otherwise: Key) -> M | None:
        try:
            return model.model_validate(layer.values)
        except ValidationError as error:
            for entry in error.errors():
                message = str(entry.get("ctx", {}).get("error", entry["msg"]))
                about = " ".join(map(str, entry["loc"])) or message
                self.reader.fault(layer.blamed(about, otherwise), message)
            return None
