"""The JSON schema of a grid file, so that an editor completes and checks it while it is written.

It is made from the models that read the file. What only they can say (a label that is used twice,
settings that do not go together) is left to `dpsrun plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from dpsrun.config.presets import presets
from dpsrun.config.schema import (
    CrossedSeeds,
    GridFile,
    MethodItem,
    ModelItem,
    Override,
    Rule,
    TaskItem,
    _as_text,
    _listed,
)
from dpsrun.methods.registry import COMBINATION, NAME
from dpsrun.methods.spec import MethodSpec
from dpsrun.runs.spec import Seeds, Training
from dpsrun.tasks import registry
from dpsrun.tasks.task import Task, set_name

Schema = dict[str, Any]

PARTS = (CrossedSeeds, GridFile, MethodItem, ModelItem, Override, Rule, Seeds, TaskItem, Training)

SCENARIO = r"^(full|low-resource\([0-9]+( *, *[0-9]+)*\))$"
SET = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(:[A-Za-z0-9._-]+)?$"
PARAMETER = r"^params\.[a-z_0-9]+$"

ABOUT = {
    "name": "What its tables are called; the file's own name if it is left out.",
    "tasks": "Registered tasks (`dpsrun tasks`), or tasks of your own with their files.",
    "models": "Encoders: a hub id, a folder (./name), or an installed package (package:name).",
    "data": "Where a family of tasks lies: a folder or a hub id.",
    "methods": "Fine-tuning methods (`dpsrun methods`) with their parameters.",
    "seeds": "One run for each, or lists for single streams, which are crossed.",
    "scenario": "The whole training set, or stratified parts of it: low-resource(100, 500).",
    "evaluate": "Further sets for the trained model: a task, task:split, or test.",
    "training": "Settings that all methods share.",
    "overrides": "Other settings for the runs that match; later ones win.",
    "include": "Only runs that match one of these.",
    "exclude": "No runs that match one of these.",
    "sweep": "A list of values for a setting; each is a row of its own.",
}
"""Section of a grid file -> what an editor says of it."""


def schema(methods: Iterable[MethodSpec]) -> Schema:
    """Give the schema (draft 2020-12), with the parameters of these methods.

    Other packages can bring methods, and methods can be combined: other names are let through.
    """
    _, made = models_json_schema([(part, "validation") for part in PARTS], schema_generator=_Shapes)
    parts: Schema = made["$defs"]
    grid = parts.pop("GridFile")
    known = {spec.name: spec for spec in methods}
    settings = {name: _parameters(spec) for name, spec in known.items()}
    parts["MethodItem"] = _method_item(parts["MethodItem"], known, settings)
    parts["EvaluationSet"] = _evaluation_set()
    parts["ModelItem"]["properties"]["preset"] = _preset()
    parts["Override"]["properties"] |= {
        "training": _part("Training"),
        "params": {"type": "object", "properties": _merged(settings)},
        "evaluate": _one_or_more(_part("EvaluationSet")),
    }
    sections = grid["properties"]
    sections |= _sections()
    sections["sweep"] = _sweep(parts["Training"]["properties"], _merged(settings))
    for name, about in ABOUT.items():
        sections[name]["description"] = about
    dialect = {"$schema": GenerateJsonSchema.schema_dialect, "title": "A grid of dpsrun"}
    return {**dialect, **grid, "$defs": dict(sorted(parts.items()))}


class _Shapes(GenerateJsonSchema):
    """Writes no titles, and knows what the models accept before they look closer."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Leave the names of keys as they are."""
        return False

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        """Let a single value stand for a list of one, and a whole number for its digits."""
        inner = super().function_before_schema(schema)
        before = schema["function"]["function"]
        if before is _listed:
            return {"anyOf": [inner["items"], inner]}
        return {"anyOf": [inner, {"type": "integer"}]} if before is _as_text else inner


def _part(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _any_of(*choices: Schema) -> Schema:
    return {"anyOf": list(choices)}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _one_or_more(items: Schema) -> Schema:
    return _any_of(items, {"type": "array", "items": items})


def _sections() -> Schema:
    """Give the sections whose items the top of a grid file leaves open."""
    tasks = registry.tasks().values()
    trained = {"enum": [task.name for task in tasks if task.train]}
    families = {"enum": sorted({task.family for task in tasks})}
    scenario = {"type": "string", "pattern": SCENARIO}
    seed = _any_of({"type": "integer", "minimum": 0}, _part("Seeds"))
    return {
        "tasks": _list_of(_any_of(trained, _part("TaskItem"))),
        "models": _list_of(_any_of({"type": "string"}, _part("ModelItem"))),
        "data": {
            "type": "object",
            "propertyNames": families,
            "additionalProperties": {"type": "string"},
        },
        "methods": _list_of(_any_of(_part("MethodItem"), {"$ref": METHOD})),
        "seeds": _any_of(_list_of(seed), {**_part("CrossedSeeds"), "minProperties": 1}),
        "scenario": _any_of(scenario, _list_of(scenario)),
        "evaluate": _one_or_more(_part("EvaluationSet")),
        "training": _part("Training"),
        "overrides": {"type": "array", "items": _part("Override")},
        "include": {"type": "array", "items": _part("Rule")},
        "exclude": {"type": "array", "items": _part("Rule")},
    }


METHOD = "#/$defs/MethodItem/properties/method"


def _evaluation_set() -> Schema:
    """Propose the known sets; a task of the grid's own has any name."""
    return {
        "type": "string",
        "anyOf": [{"enum": ["test", *map(str, _known_sets())]}, {"pattern": SET}],
    }


def _known_sets() -> Iterable[str]:
    for task in registry.tasks().values():
        yield task.name
        yield from (set_name(task, split) for split in _splits(task))


def _splits(task: Task) -> tuple[str, ...]:
    return (*task.evaluation, *task.test)


def _preset() -> Schema:
    named = {"enum": [*presets(), None]}
    return {**named, "description": "Published training settings (`dpsrun presets`)."}


def _parameters(spec: MethodSpec) -> Schema:
    found: Schema = spec.params.model_json_schema(schema_generator=_Shapes)["properties"]
    return found


def _merged(settings: Mapping[str, Schema]) -> Schema:
    """Put the parameters of all methods together; where they differ, any of them will do."""
    variants: dict[str, list[Schema]] = {}
    for parameters in settings.values():
        for name, shape in parameters.items():
            if shape not in variants.setdefault(name, []):
                variants[name].append(shape)
    return {
        name: shapes[0] if len(shapes) == 1 else _any_of(*shapes)
        for name, shapes in variants.items()
    }


def _method_item(
    item: Schema, known: Mapping[str, MethodSpec], settings: Mapping[str, Schema]
) -> Schema:
    """Describe a method with its parameters beside it; those of others are let through.

    Others are methods of other packages, and combinations: there are too many to list.
    """
    names = {
        "type": "string",
        "anyOf": [
            {"enum": list(known)},
            {"pattern": f"^{NAME.pattern}$", "description": "A method of another package."},
            {"pattern": f"^{COMBINATION.pattern}$", "description": "Several methods as one."},
        ],
    }
    label = item["properties"]["label"]
    cases = [
        {
            "if": {"properties": {"method": {"const": name}}, "required": ["method"]},
            "then": {
                "description": spec.summary,
                "properties": {"method": True, "label": label, **settings[name]},
                "additionalProperties": False,
            },
        }
        for name, spec in known.items()
    ]
    return {
        "type": "object",
        "description": item["description"],
        "properties": {"method": names, "label": label},
        "required": item["required"],
        "allOf": cases,
    }


def _sweep(training: Schema, parameters: Schema) -> Schema:
    keys = {
        **{f"training.{name}": shape for name, shape in training.items()},
        **{f"params.{name}": shape for name, shape in parameters.items()},
    }
    return {
        "type": "object",
        "properties": {key: _list_of(shape) for key, shape in keys.items()},
        "patternProperties": {PARAMETER: {"type": "array", "minItems": 1}},
        "additionalProperties": False,
    }
