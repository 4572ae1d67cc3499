"""What a grid must know of data, models and machine before its runs have an identity."""

from __future__ import annotations

from dataclasses import dataclass

from dpsrun.runs.spec import DeviceKind, Precision


@dataclass(frozen=True)
class TaskFacts:
    """A task's data as they are here.

    Attributes:
        fingerprint: hash of the contents.
        train_examples: size of the full training split.
        classes: how many classes occur in it; 0 for regression.
    """

    fingerprint: str
    train_examples: int
    classes: int = 0


@dataclass(frozen=True)
class ModelFacts:
    """An encoder as it is here.

    Attributes:
        fingerprint: hash of weights, configuration and tokeniser files.
        architecture: readable name, such as `bert-6x384`.
        max_length: the longest sequence that it takes, in tokens.
        blocks: how many blocks it has, each with weights of its own; None: unknown.
    """

    fingerprint: str
    architecture: str
    max_length: int
    blocks: int | None = None


@dataclass(frozen=True)
class Machine:
    """What the runs will be done on.

    Attributes:
        device: the kind of device.
        precision: what `precision: auto` means on it; None if the driver does not say.
    """

    device: DeviceKind
    precision: Precision | None
