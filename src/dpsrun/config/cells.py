"""Axes and rules become cells with complete settings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from dpsrun.config import presets
from dpsrun.config.axes import Axes
from dpsrun.config.grid import MAX_RUNS, Cell, Origin, seed_label
from dpsrun.config.layer import Layer
from dpsrun.config.places import ModelEntry
from dpsrun.config.reader import Reader
from dpsrun.config.rows import Row
from dpsrun.config.rules import Rules
from dpsrun.config.tasks import Wanted, sets_of
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
                "task": task.name,
                "model": model.label,
                "method": row.label,
                "scenario": str(scenario),
            }
            seeds = self._seeds(labels)
            origin = self._origin(labels, row, (model, model_place), scenario_place)
            if not seeds:
                continue
            training = self._settle(Training, origin.training, origin.method)
            params = self._settle(row.method.params, origin.params, origin.method)
            if training is None or params is None:
                continue
            found.append(
                Cell(
                    task=task.name,
                    model=model.label,
                    label=row.label,
                    method=row.method.name,
                    params=params,
                    scenario=scenario,
                    evaluate=sets_of(self.reader, task, self._wanted(labels)),
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

    def _wanted(self, labels: Mapping[str, str]) -> tuple[Wanted, ...]:
        wanted = self.rules.evaluate
        for change in self.rules.changes:
            if change.evaluate is not None and change.selector.takes(labels):
                wanted = change.evaluate
        return wanted

    def _origin(
        self, labels: Mapping[str, str], row: Row, model: tuple[ModelEntry, Key], scenario: Key
    ) -> Origin:
        training = _preset(*model, labels["task"]).under(self.rules.training)
        params = row.params
        for change in self.rules.changes:
            if change.selector.takes(labels):
                training, params = training.under(change.training), params.under(change.params)
        return Origin(
            model=model[1],
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


def _preset(model: ModelEntry, place: Key, task: str) -> Layer:
    """Give the published settings that an encoder takes, those of the task before the general."""
    if not model.preset:
        return Layer()
    preset, where = presets.find(model.preset), (*place, "preset")
    return Layer.at(preset.training, where).under(Layer.at(preset.tasks.get(task, {}), where))
