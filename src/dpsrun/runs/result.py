"""What a finished attempt leaves behind: `result.json`, read strictly and versioned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from dpsrun.runs.frozen import Frozen

Outcome = Literal["ok", "failed", "diverged", "error", "oom", "timeout", "interrupted"]

CODE = 2
"""Raised with each change that gives an unchanged run other numbers, more than by rounding.

1: the first release's. 2: dropout of the last block is drawn for first tokens only; the order's
hash is a chain.
"""

FINISHED: frozenset[Outcome] = frozenset({"ok", "failed", "diverged"})
"""Outcomes that say something about the method; the others say something about the machine."""

TRAINED: frozenset[Outcome] = frozenset({"ok", "failed"})
"""Outcomes of a training that came to its end."""

Metrics = dict[str, float | None]
"""Metric name -> value in natural units (0 to 1, or -1 to 1); None where it is undefined."""


class Evaluation(Frozen):
    """The scores at the end of one epoch.

    `halves` are the primary scores on either half of the examples; schema 3 had none.
    """

    epoch: int
    step: int
    metrics: dict[str, Metrics]
    primary: float | None
    train_loss: float | None
    halves: tuple[float | None, float | None] | None = None


class SetScore(Frozen):
    """The scores of the trained model on a further set; none where its labels are hidden.

    `classes` are those that both labels and predictions were counted in (see `tasks.labels`).
    """

    examples: int
    metrics: Metrics = {}
    primary: float | None = None
    majority: float | None = None
    classes: tuple[str, ...] = ()


class Failure(Frozen):
    """Why an attempt has no score: what happened, where, and the end of its log."""

    kind: Outcome
    message: str
    step: int | None = None
    traceback: str = ""
    log_tail: str = ""


class Timing(Frozen):
    """Wall-clock seconds of the parts of an attempt, and what was done in them."""

    total: float
    startup: float
    training: float
    evaluation: float
    steps: int
    tokens: int


class Result(Frozen):
    """One attempt at a run, whole. `effective` is what applied after the method had its say.

    `code` is the `CODE` that computed it, `resumed_at` the steps at which checkpoints of earlier
    attempts were taken up. Schema 1 had neither; code 1 wrote it. `sets` has the scores on further
    evaluation sets after the last step, by name; schema 2 had none.
    """

    schema_number: Annotated[int, Field(ge=1, le=4)] = 4
    code: int = 1
    run: str
    attempt: str
    outcome: Outcome
    evaluations: tuple[Evaluation, ...] = ()
    best_epoch: int | None = None
    majority: dict[str, float | None] = {}
    effective: dict[str, Any] = {}
    method: dict[str, Any] = {}
    hashes: dict[str, str] = {}
    timing: Timing | None = None
    peak_memory_bytes: dict[str, int] = {}
    environment: dict[str, Any] = {}
    failure: Failure | None = None
    resumed_at: tuple[int, ...] = ()
    sets: dict[str, SetScore] = {}

    @property
    def stale(self) -> bool:
        """Whether other code than this computed it: a repetition may give other numbers."""
        return self.outcome in FINISHED and self.code != CODE

    @property
    def last(self) -> Evaluation | None:
        """The evaluation after the last epoch: the headline of the paper's protocol."""
        return self.evaluations[-1] if self.evaluations else None

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the highest primary score: selected on the development set."""
        chosen = [e for e in self.evaluations if e.epoch == self.best_epoch]
        return chosen[0] if chosen else None

    @property
    def held_out(self) -> float | None:
        """The score on one half of the examples at the epoch that the other half selects.

        Both halves take either part, and the mean of the two scores is given: unlike that of
        `best` it is not selected on the examples that it is of. None where a half has no score.
        """
        halves = [each.halves for each in self.evaluations if each.halves]
        found = (_selected(halves, by) for by in (0, 1))
        scores = [score for score in found if score is not None]
        return sum(scores) / 2 if len(scores) == 2 else None  # noqa: PLR2004 (halves)


def _selected(halves: Sequence[tuple[float | None, float | None]], by: int) -> float | None:
    """Give the other half's score at the epoch of the highest score by this half, the first."""
    scored = [(each[by], -epoch) for epoch, each in enumerate(halves) if each[by] is not None]
    return halves[-max(scored)[1]][1 - by] if scored else None
