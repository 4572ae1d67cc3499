"""What a grid must know of data and models before its runs have an identity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskFacts:
    """A task's data as they are here.

    Attributes:
        fingerprint: hash of the contents.
        train_examples: size of the full training split.
    """

    fingerprint: str
    train_examples: int


@dataclass(frozen=True)
class ModelFacts:
    """An encoder as it is here.

    Attributes:
        fingerprint: hash of weights, configuration and tokeniser files.
        architecture: readable name, such as `bert-6x384`.
        max_length: the longest sequence that it takes, in tokens.
    """

    fingerprint: str
    architecture: str
    max_length: int
