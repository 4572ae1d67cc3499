"""What papers published: the content of `published.yaml`, which comes with this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator

from dpsrun.config.yaml import parse
from dpsrun.runs.frozen import Frozen

FILE = "published.yaml"

DEVELOPMENT = "the development set"
"""The split that our runs are evaluated on."""


def _natural(points: float) -> float:
    return points / 100


Points = Annotated[float, AfterValidator(_natural)]
"""A score: times 100 in the file, in natural units here."""

Tried = dict[str, list[float | str]]
"""Setting -> the values that were tried, of which results chose one; none: not stated."""


class Encoder(Frozen):
    """How runs of an encoder are recognised; `parameters` are those without a head."""

    architecture: str
    parameters: int


class Score(Frozen):
    """What is printed for a task, in natural units; None where it is not."""

    mean: Points
    sd: Points | None = None
    median: Points | None = None
    max: Points | None = None
    note: str = ""


class PublishedRow(Frozen):
    """A row of a published table.

    Attributes:
        name: what the paper calls it.
        method: what we call it.
        params: parameters that make it what it is.
        training: settings of this row alone.
        steps: lengths that were tried, in optimiser steps, where it trained for longer than the
            study's epochs; else empty.
        dropout: the encoder's.
        note: what is odd about it.
        scores: by task.
    """

    name: str
    method: str
    params: Tried = {}
    training: Tried = {}
    steps: list[int] = []
    dropout: float = 0.1
    note: str = ""
    scores: dict[str, Score]


class Study(Frozen):
    """Published rows that were made in one way; None stands for what is not stated.

    Attributes:
        source: paper and table.
        arxiv: its number.
        encoders: names of the encoders that it may have used: one, where it says which.
        seeds: runs of each score.
        split: what was evaluated on.
        checkpoint: the last, or the best of several evaluations.
        epochs: length of training.
        training: settings as a grid file has them.
        metrics: task -> the metric of its scores.
        note: what else a reader must know.
        rows: what was trained.
    """

    source: str
    arxiv: str
    encoders: list[str]
    seeds: int | None
    split: str
    checkpoint: Literal["last", "best"] | None
    epochs: int | None
    training: Tried
    metrics: dict[str, str]
    note: str = ""
    rows: list[PublishedRow]


class Published(Frozen):
    """The content of `published.yaml`; `tasks` have the sizes of their training sets."""

    encoders: dict[str, Encoder]
    tasks: dict[str, int]
    studies: list[Study]


@cache
def load() -> Published:
    """Read the published results that come with this package; do not change what is given."""
    content = files("dpsrun.report").joinpath(FILE).read_bytes()
    return Published.model_validate(parse(content, FILE).data)
