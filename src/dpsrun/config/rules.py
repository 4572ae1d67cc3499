"""Reads the settings of a grid, and the rules that bend it: overrides, include, exclude."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dpsrun.config.axes import Axes
from dpsrun.config.layer import RIVALS, Layer
from dpsrun.config.match import Selector, chosen, stray
from dpsrun.config.reader import Reader
from dpsrun.config.rows import Row
from dpsrun.config.schema import Match, Override, Rule
from dpsrun.config.tasks import Wanted, read_evaluate
from dpsrun.config.yaml import Key
from dpsrun.runs.spec import Training

SECTIONS = {
    "task": ("tasks",),
    "model": ("models",),
    "method": ("methods", "sweep"),
    "scenario": ("scenario",),
    "seed": ("seeds",),
}
"""Where the labels of an axis come from."""

Labels = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Change:
    """One override: what it lays over the settings, and the evaluation sets, of its runs."""

    selector: Selector
    training: Layer
    params: Layer
    evaluate: tuple[Wanted, ...] | None


@dataclass(frozen=True)
class Rules:
    """All that is not an axis."""

    training: Layer
    evaluate: tuple[Wanted, ...]
    changes: list[Change]
    include: list[Selector]
    exclude: list[Selector]

    def keeps(self, labels: Mapping[str, str]) -> bool:
        """Say whether include and exclude leave a run in the grid."""
        included = not self.include or any(rule.takes(labels) for rule in self.include)
        return included and not any(rule.takes(labels) for rule in self.exclude)


def read_rules(reader: Reader, axes: Axes) -> Rules:
    """Read them all, and note every pattern that means nothing in this grid."""
    labels = axes.labels()
    return Rules(
        training=_training(reader, reader.mapping("training"), ("training",)),
        evaluate=_evaluate(reader, reader.sections["evaluate"], (), axes) or (),
        changes=_changes(reader, axes, labels),
        include=_selectors(reader, "include", labels),
        exclude=_selectors(reader, "exclude", labels),
    )


def _training(reader: Reader, values: Mapping[str, Any], place: Key) -> Layer:
    reader.check_settings(Training, values, place)
    if values.get("epochs") is not None and values.get("max_steps") is not None:
        reader.fault((*place, "max_steps"), "give epochs or max_steps, not both")
    return Layer.at(values, place)


def _evaluate(reader: Reader, values: object, place: Key, axes: Axes) -> tuple[Wanted, ...] | None:
    if not isinstance(values, list):
        return None
    return read_evaluate(reader, values, (*place, "evaluate"), axes.own_tasks)


def _changes(reader: Reader, axes: Axes, labels: Labels) -> list[Change]:
    found = []
    for place, value in reader.items("overrides"):
        patterns, training, params = _change(reader, value, place, axes.rows, labels)
        sets = value.get("evaluate") if isinstance(value, dict) else None
        wanted = _evaluate(reader, [sets] if isinstance(sets, str) else sets, place, axes)
        found.append(Change(Selector.of(patterns, labels), training, params, wanted))
    return found


def _change(
    reader: Reader, value: object, place: Key, rows: Sequence[Row], labels: Labels
) -> tuple[dict[str, list[str]], Layer, Layer]:
    item = reader.check(Override, value, place)
    patterns = _patterns(reader, item.match, (*place, "match"), labels) if item else {}
    training, params = (_settings(value, section) for section in ("training", "params"))
    if item and not (training or params) and item.evaluate is None:
        reader.fault(place, "changes nothing: give it training, params or evaluate")
    wanted = chosen(patterns.get("method", ["*"]) if item else [], labels["method"])
    for spec in {row.method.name: row.method for row in rows if row.label in wanted}.values():
        reader.check_settings(spec.params, params, (*place, "params"), owner=spec.name)
    for section, names in (("training", training), ("params", params)):
        for name in names:
            _check_not_swept(reader, section, name, (*place, section, name))
    layer = _training(reader, training, (*place, "training"))
    return patterns, layer, Layer.at(params, (*place, "params"))


def _settings(override: object, section: str) -> dict[str, Any]:
    """Dig a section out of an override whose other parts may be faulty."""
    content = override.get(section) if isinstance(override, dict) else None
    return content if isinstance(content, dict) else {}


def _check_not_swept(reader: Reader, section: str, name: str, place: Key) -> None:
    for key in (f"{section}.{name}", f"{section}.{RIVALS.get(name)}"):
        if reader.sound("sweep") and key in reader.mapping("sweep"):
            reader.fault(place, f"the sweep varies {key}, so an override cannot set {name!r}")


def _selectors(reader: Reader, section: str, labels: Labels) -> list[Selector]:
    found = []
    for place, value in reader.items(section):
        if item := reader.check(Rule, value, place):
            found.append(Selector.of(_patterns(reader, item, place, labels), labels))
    return found


def _patterns(reader: Reader, match: Match, place: Key, labels: Labels) -> dict[str, list[str]]:
    patterns = match.patterns()
    if not patterns:
        reader.fault(place, f"must name at least one of: {', '.join(type(match).model_fields)}")
    for axis, values in patterns.items():
        for index, value in enumerate(values):
            lost = stray(value, axis, labels[axis]) if reader.sound(*SECTIONS[axis]) else None
            if lost:
                key = reader.document.known((*place, axis, index))
                reader.fault(key, f"{value!r} {lost}")
    return patterns
