"""Makes the splits of a mini task, the same on every machine."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError

from dpsrun.errors import UserError
from dpsrun.runs.frozen import Frozen
from dpsrun.tasks.mini import acceptability, entailment, paraphrase, similarity
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.task import Task

VERSION = 1
"""Part of every seed: raised when the grammar changes, so that no split is half old."""

Size = Annotated[int, Field(ge=2, le=20_000)]
Example = tuple[tuple[str, ...], float]
"""The one or two texts, and the class or score."""


class Options(Frozen):
    """How large and how hard a mini task is.

    `label_noise` is the share of the training labels that are replaced by a wrong class, or by
    any score; validation and test stay clean, so that scores keep their meaning.
    """

    train: Size = 320
    validation: Size = 160
    test: Size = 160
    difficulty: Annotated[float, Field(ge=0, le=1)] = 0.5
    label_noise: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0


def options(task: Task) -> Options:
    """Read a task's options; raises UserError that names what is wrong."""
    try:
        return Options.model_validate(task.options)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(
            f"{task.name}: {faults} (options: {', '.join(Options.model_fields)})"
        ) from None


def generate(task: Task) -> dict[str, list[Example]]:
    """Make all splits; no pair of texts occurs twice, whichever split and order they are in.

    The two texts of a pair differ. Classes are balanced. A larger training split begins with the
    smaller one, and its size leaves the other splits as they are.
    """
    chosen = options(task)
    seen: set[frozenset[str]] = set()
    sizes = {"validation": chosen.validation, "test": chosen.test, "train": chosen.train}
    splits = {name: _split(task, chosen, name, size, seen) for name, size in sizes.items()}
    return splits | {"train": _noisy(task, chosen, splits["train"])}


def columns(task: Task, examples: list[Example]) -> dict[str, list[Any]]:
    """Arrange examples as the columns of a hub data set: the texts, `label` and `idx`."""
    texts = {name: [e[0][i] for e in examples] for i, name in enumerate(task.text)}
    return {**texts, "label": [label for _, label in examples], "idx": list(range(len(examples)))}


def _split(
    task: Task, chosen: Options, name: str, size: int, seen: set[frozenset[str]]
) -> list[Example]:
    examples: list[Example] = []
    draw = Draw("dpsrun", VERSION, task.config, chosen.seed, name)
    while len(examples) < size:
        example = _example(task, draw, len(examples), chosen.difficulty)
        key = frozenset(example[0])
        if key not in seen and len(key) == len(task.text):
            seen.add(key)
            examples.append(example)
    return examples


def _example(task: Task, draw: Draw, row: int, difficulty: float) -> Example:
    label = row % 2
    match task.config:
        case "mini-cola":
            return (acceptability.example(draw, label, difficulty),), label
        case "mini-mrpc":
            return paraphrase.example(draw, label, difficulty), label
        case "mini-rte":
            return entailment.example(draw, label, difficulty), label
        case _:
            return similarity.example(draw, difficulty)


def _noisy(task: Task, chosen: Options, examples: list[Example]) -> list[Example]:
    draw = Draw("dpsrun", VERSION, task.config, chosen.seed, "noise")
    return [
        (texts, _wrong(task, draw, label) if draw.chance(chosen.label_noise) else label)
        for texts, label in examples
    ]


def _wrong(task: Task, draw: Draw, label: float) -> float:
    if task.regression:
        low, high = task.scale
        return round(low + draw.unit() * (high - low), 1)
    return draw.other(range(len(task.labels)), label)
