"""The shape of a grid file, and the wording of what departs from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from dpsrun.config import names
from dpsrun.config.yaml import Document, Key
from dpsrun.errors import Problem, nearest
from dpsrun.runs.frozen import Frozen
from dpsrun.runs.spec import SeedNumber

M = TypeVar("M", bound=BaseModel)

NAME = r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\Z"
RESERVED = frozenset(",|*?[]=")
"""Characters that mean something in `--only` and in the labels of a sweep."""


def _label(text: str) -> str:
    if not text or not text.isprintable() or text != text.strip() or RESERVED & set(text):
        raise ValueError("must be printable text without any of , | * ? [ ] =")
    return text


def _name(text: str) -> str:
    if not re.match(NAME, text):
        raise ValueError("must be made of letters, digits, '.', '_' and '-' (not '.' first)")
    return text


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _list_or_mapping(value: object) -> object:
    if not isinstance(value, (list, dict)) or not value:
        raise ValueError(f"must be a list of seeds or a mapping of lists; found {shown(value)}")
    return value


Label = Annotated[str, Field(max_length=80), AfterValidator(_label)]
Items = Annotated[list[Any], Field(min_length=1)]
Patterns = Annotated[list[str], Field(min_length=1), BeforeValidator(_listed)]
SeedPatterns = Annotated[
    list[Annotated[str, BeforeValidator(_as_text)]],
    Field(min_length=1),
    BeforeValidator(_listed),
]


class TaskItem(Frozen):
    """A task of the user's own: its files, columns, classes or scale, and metrics."""

    name: Annotated[str, AfterValidator(_name)]
    train: str
    validation: str
    test: str | None = None
    text: Annotated[list[str], Field(min_length=1, max_length=2), BeforeValidator(_listed)]
    label: str = "label"
    labels: list[Annotated[str, BeforeValidator(_as_text)]] = []
    aliases: dict[str, Annotated[str, BeforeValidator(_as_text)]] = {}
    scale: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    metrics: Annotated[list[str], BeforeValidator(_listed)] = []
    primary: Annotated[list[str], BeforeValidator(_listed)] = []
    quoted: bool = False

    @property
    def files(self) -> dict[str, str]:
        """Give the file of each split that has one."""
        named = {split: getattr(self, split) for split in ("train", "validation", "test")}
        return {split: file for split, file in named.items() if file}


class GridFile(Frozen):
    """The top of a grid file; the items of its lists have their own shapes below."""

    name: str | None = None
    tasks: Items
    models: Items
    data: dict[str, str] = {}
    methods: Items
    seeds: Annotated[Any, AfterValidator(_list_or_mapping)]
    scenario: Annotated[Items, BeforeValidator(_listed)] = ["full"]
    evaluate: Annotated[list[Any], BeforeValidator(_listed)] = []
    training: dict[str, Any] = {}
    overrides: list[Any] = []
    include: list[Any] = []
    exclude: list[Any] = []
    sweep: dict[str, Any] = {}


class ModelItem(Frozen):
    """An encoder: where it comes from, what the tables call it, whose published settings it takes.

    `remote_code` lets it bring its own code; that takes a full commit.
    """

    source: str
    label: Label | None = None
    preset: str | None = None
    remote_code: bool = False


class MethodItem(Frozen):
    """A method and what the tables call it; its parameters stand beside these keys."""

    method: str
    label: Label | None = None


class Match(Frozen):
    """Labels with * and ?, a value or a list for each key; all the keys given must match."""

    task: Patterns | None = None
    model: Patterns | None = None
    method: Patterns | None = None
    scenario: Patterns | None = None

    def patterns(self) -> dict[str, list[str]]:
        """Give the patterns of each axis that is named."""
        return {axis: values for axis, values in self if values is not None}


class Rule(Match):
    """What `include` and `exclude` match; they may look at the seed too."""

    seed: SeedPatterns | None = None


class Override(Frozen):
    """Settings for the runs that match; later overrides win."""

    match: Match
    evaluate: Annotated[list[Any], BeforeValidator(_listed)] | None = None
    training: dict[str, Any] = {}
    params: dict[str, Any] = {}


class CrossedSeeds(Frozen):
    """Lists of seeds for some streams, to be crossed; the other streams stay at 0."""

    init: Annotated[list[SeedNumber], Field(min_length=1)] = [0]
    order: Annotated[list[SeedNumber], Field(min_length=1)] = [0]
    noise: Annotated[list[SeedNumber], Field(min_length=1)] = [0]
    subset: Annotated[list[SeedNumber], Field(min_length=1)] = [0]


def shown(value: object) -> str:
    """Show a value of a grid file, shortened."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 (one line)


def worded(
    error: ValidationError, model: type[BaseModel], document: Document, base: Key, owner: str = ""
) -> list[Problem]:
    """Turn pydantic's findings on the value at `base` into problems of the file."""
    found = []
    for entry in error.errors(include_url=False):
        key = (*base, *entry["loc"])
        valid = _fields(model, entry["loc"][:-1])
        # A single value stands for a list of one, and a default stands nowhere.
        place = key if entry["type"] == "missing" else document.known(key)
        message = _message(entry["type"], entry, valid)
        if entry["type"] == "extra_forbidden" and owner:
            message = f"{owner} has no such parameter; {names.unknown(str(key[-1]), valid)}"
        found.append(document.problem(place, message))
    return found


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """List the keys that may stand in the part of `model` at `loc`."""
    for step in loc:
        inner = model.model_fields[step].annotation if step in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _message(kind: str, entry: Mapping[str, Any], valid: list[str]) -> str:
    value = entry["input"]
    if kind == "extra_forbidden":
        return f"unknown key; {names.unknown(str(entry['loc'][-1]), valid)}"
    if kind == "missing":
        return "this key is missing"
    if kind == "value_error":
        return str(entry["ctx"]["error"])
    said = SAID.get(kind) or entry["msg"].replace("Input should be", "must be")
    return f"{said}; found {shown(value)}{_hint(kind, entry, value)}"


def _hint(kind: str, entry: Mapping[str, Any], value: object) -> str:
    """Add what most likely went wrong."""
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        return " (remove the quotes)" if _is_number(value) else ""
    if kind == "literal_error" and isinstance(value, str):
        choices = str(entry["ctx"]["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        hint = nearest(value, choices)
        return f"; {hint}" if hint.startswith("did") else ""
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


SAID = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "finite_number": "must be finite",
    "string_too_long": "must not be longer than 80 characters",
}
