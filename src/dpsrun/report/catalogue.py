"""Tasks and methods in words: what `dpsrun tasks` and `dpsrun methods` print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dpsrun.methods.costs import measured
from dpsrun.methods.spec import ACTS, Params
from dpsrun.report.terminal import print_lines, print_table

if TYPE_CHECKING:
    from dpsrun.methods.spec import MethodSpec
    from dpsrun.tasks.task import Task

TASK_HEADER = ("task", "family", "kind", "metrics", "primary score", "evaluated on", "what it asks")
METHOD_HEADER = ("method", "what it does", "cost over vanilla")
METHOD_HINT = (
    "parameters, sources and costs in full: dpsrun methods NAME; several as one: NAME+NAME\n"
    "cost: MiniLM on CoLA's short texts, one CPU thread, over vanilla with dropout 0.1 (DPS and "
    "Mixout have none); memory without what a pass computes"
)
PARAMETER_HEADER = ("parameter", "type", "range", "default", "meaning")

LIMITS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def task_line(task: Task) -> tuple[str, ...]:
    """Give a task's line of the table."""
    return (
        task.name,
        task.family,
        _kind(task),
        ", ".join(task.metrics),
        _primary(task),
        ", ".join(task.evaluation) if task.train else "only as a further set",
        task.summary,
    )


def _kind(task: Task) -> str:
    return "regression" if task.regression else f"{len(task.labels)} classes"


def _primary(task: Task) -> str:
    return f"mean of {' and '.join(task.primary)}" if len(task.primary) > 1 else task.primary[0]


def task_json(task: Task) -> dict[str, Any]:
    """Give a task as JSON."""
    names = ("name", "family", "summary", "text", "labels", "metrics", "primary")
    splits = ("train", "evaluation", "test")
    return {"kind": _kind(task), **{name: getattr(task, name) for name in (*names, *splits)}}


def method_line(spec: MethodSpec) -> tuple[str, ...]:
    """Give a method's line of the table."""
    return spec.name, spec.summary, str(measured().of(spec.name) or "")


def method_json(spec: MethodSpec) -> dict[str, Any]:
    """Give a method as JSON; its parameters as a JSON schema."""
    cost = measured().of(spec.name)
    return {
        "name": spec.name,
        "summary": spec.summary,
        "sources": spec.sources,
        "notes": spec.notes,
        "acts": None if spec.acts is None else [act for act in ACTS if act in spec.acts],
        "unverified": spec.unverified,
        "cost": cost and cost.model_dump(),
        "parameters": spec.params.model_json_schema()["properties"],
    }


def print_method(spec: MethodSpec) -> None:
    """Print all that a method declares of itself."""
    print_lines([f"{spec.name}: {spec.summary}", ""])
    print_table("parameters", PARAMETER_HEADER, parameter_lines(spec))
    for title, lines in _paragraphs(spec).items():
        print_lines([title, *(f"  {line}" for line in lines)] if lines else [])
    print_lines(measured().words(spec.name))


def _paragraphs(spec: MethodSpec) -> dict[str, Sequence[str]]:
    return {
        "what it does to a run": [words for act, words in ACTS.items() if act in (spec.acts or ())],
        "sources": spec.sources,
        "notes": spec.notes,
        "unverified": [spec.unverified] if spec.unverified else [],
    }


def parameter_lines(spec: MethodSpec) -> list[tuple[str, ...]]:
    """Give the lines of a method's parameters: its own first, then those that all have."""
    schema = spec.params.model_json_schema()["properties"]
    names = sorted(schema, key=lambda name: name in Params.model_fields)
    return [(name, *_parameter(schema[name])) for name in names]


def _parameter(schema: dict[str, Any]) -> tuple[str, str, str, str]:
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return (
        " or ".join(_type(kind) for kind in kinds),
        " or ".join(filter(None, map(_range, kinds))) or "any",
        _default(schema),
        schema.get("description", ""),
    )


def _type(schema: dict[str, Any]) -> str:
    return "choice" if "enum" in schema else str(schema.get("type", "value"))


def _range(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return ", ".join(f"{sign} {schema[limit]}" for limit, sign in LIMITS.items() if limit in schema)


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "required"
    return "unset" if schema["default"] is None else json.dumps(schema["default"])
