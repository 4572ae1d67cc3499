"""What can change the number of a run: its spec, and the run id made from it."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from dpsrun.runs.frozen import Frozen, digest

Stream = Literal["init", "order", "noise", "subset"]
Precision = Literal["fp32", "bf16", "fp16"]
DeviceKind = Literal["cpu", "cuda"]
STREAMS: tuple[Stream, ...] = ("init", "order", "noise", "subset")

SeedNumber = Annotated[int, Field(ge=0, lt=2**63)]


class Seeds(Frozen):
    """The four seed streams of a run (Dodge et al. 2020 vary the first two).

    `init` draws the new head, `order` the batches, `noise` dropout and the method's own numbers,
    `subset` the examples of a low-resource scenario.
    """

    init: SeedNumber = 0
    order: SeedNumber = 0
    noise: SeedNumber = 0
    subset: SeedNumber = 0

    @classmethod
    def all(cls, seed: int) -> Seeds:
        """Give every stream the same number."""
        return cls(init=seed, order=seed, noise=seed, subset=seed)

    @property
    def slug(self) -> str:
        """`s3` where all streams agree, else `i0o1n0u0`."""
        numbers = [getattr(self, stream) for stream in STREAMS]
        if len(set(numbers)) == 1:
            return f"s{self.init}"
        return "".join(f"{letter}{number}" for letter, number in zip("ionu", numbers, strict=True))

    @classmethod
    def read(cls, label: str) -> Seeds | None:
        """Read what `slug` wrote, also without its `s`; None for another word."""
        if found := re.fullmatch(r"s?(\d+)", label, re.ASCII):
            return cls.all(int(found[1]))
        found = re.fullmatch(r"i(\d+)o(\d+)n(\d+)u(\d+)", label, re.ASCII)
        return cls(**dict(zip(STREAMS, map(int, found.groups()), strict=True))) if found else None


def derive(stream: str, seed: int) -> int:
    """Give the 63-bit number that seeds the generator of a stream.

    Hashing keeps streams of the same seed independent of each other.
    """
    return int(digest([stream, seed], 16), 16) >> 1


class Scenario(Frozen):
    """What the data are: the full training set, or a stratified subset of `examples` of it."""

    kind: Literal["full", "low-resource"] = "full"
    examples: Annotated[int, Field(ge=2)] | None = None

    @model_validator(mode="after")
    def _examples_go_with_low_resource(self) -> Scenario:
        if (self.kind == "low-resource") != (self.examples is not None):
            raise ValueError("low-resource needs a number of examples, full takes none")
        return self

    @classmethod
    def parse(cls, text: str) -> Scenario:
        """Read `full` or `low-resource(500)`; raises ValueError for anything else."""
        (one,) = cls.parse_all(text)
        return one

    @classmethod
    def parse_all(cls, text: str) -> tuple[Scenario, ...]:
        """Read what `parse` reads, or several sizes at once: `low-resource(100, 500)`."""
        if text == "full":
            return (cls(),)
        match = re.fullmatch(r"low-resource\((\d+(?: *, *\d+)*)\)", text)
        if match is None:
            raise ValueError("write 'full', 'low-resource(500)' or 'low-resource(100, 500)'")
        sizes = map(int, match[1].split(","))
        return tuple(cls(kind="low-resource", examples=size) for size in sizes)

    def __str__(self) -> str:
        """Write it as a grid file does."""
        return self.kind if self.examples is None else f"{self.kind}({self.examples})"

    def train_size(self, available: int) -> int:
        """Count the training examples used of those `available`."""
        return available if self.examples is None else self.examples


class Training(Frozen):
    """The shared training settings of a grid; the defaults are the paper's (script values).

    Zhang et al. 2022 (arXiv 2211.01642): batch 16, 3 epochs, AdamW, linear warm-up over 10 % of
    the steps and linear decay to zero, gradients clipped at norm 1.
    """

    batch_size: Annotated[int, Field(ge=1)] = 16
    micro_batch_size: Annotated[int, Field(ge=1)] | None = None
    epochs: Annotated[int, Field(ge=1)] = 3
    max_steps: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 2e-5
    schedule: Literal["linear", "constant"] = "linear"
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-8
    max_grad_norm: Annotated[float, Field(gt=0)] | None = 1.0
    max_length: Annotated[int, Field(ge=8, le=8192)] = 128
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    batching: Literal["auto", "packed", "padded"] = "auto"
    threads: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _micro_batch_fits(self) -> Training:
        if self.micro_batch_size is not None and self.micro_batch_size > self.batch_size:
            raise ValueError("micro_batch_size must not be larger than batch_size")
        return self

    def total_steps(self, examples: int) -> int:
        """Count the optimiser steps of a training set of `examples` (last batch may be ragged)."""
        return self.max_steps or self.epochs * self.epoch_steps(examples)

    def epoch_steps(self, examples: int) -> int:
        """Count the optimiser steps of one pass over `examples`."""
        return -(-examples // self.batch_size)


class EvaluationSet(Frozen):
    """A split of another task, or a test split, that the trained model is put to.

    `name` is `task:split`, `data` a fingerprint of its contents.
    """

    name: str
    data: str


class RunSpec(Frozen):
    """One fine-tune, complete: equal specs are one run, whichever grid asks for it.

    `data` and `model` are fingerprints of contents; paths and labels are no part of it.
    `architecture` is a readable name made from the model's own configuration; `device` is the kind
    of device, for a CPU and a GPU round differently, and never its index. `evaluate` are sets
    beyond the task's own evaluation splits.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"evaluate"})

    schema_number: Annotated[int, Field(ge=1, le=1)] = 1
    task: str
    data: str
    model: str
    architecture: str
    device: DeviceKind
    method: str
    params: dict[str, Any]
    scenario: Scenario
    training: Training
    seeds: Seeds
    evaluate: tuple[EvaluationSet, ...] = ()

    @property
    def id(self) -> str:
        """Slug and hash of all the above: `rte-bert-6x384-dps-dense-s3-1f3a9c02beef`."""
        slug = f"{self.task}-{self.architecture}-{self.method}-{self.seeds.slug}"
        return f"{slug}-{digest(self.content(), 12)}"

    @property
    def model_type(self) -> str:
        """The encoder's type: the first part of its architecture, `xlm-roberta-12x768`."""
        return self.architecture.rpartition("-")[0]


class Places(Frozen):
    """Where a worker finds what the spec names by content; `evaluate` by name of the set.

    `remote_code`: whether the model may bring its own.
    """

    model: str
    tokens: str
    evaluate: dict[str, str] = {}
    remote_code: bool = False


class Labels(Frozen):
    """What a grid calls the parts of a run; rows and columns of its tables."""

    task: str
    model: str
    method: str
    scenario: str
    seed: str


class Run(Frozen):
    """One run as a grid sees it: the spec, its labels, and the steps it will take."""

    id: str
    spec: RunSpec
    labels: Labels
    train_examples: int
    total_steps: int
