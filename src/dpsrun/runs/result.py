"""What a finished attempt leaves behind: `result.json`, read strictly and versioned."""

from __future__ import annotations

from typing import Any, Literal

from dpsrun.runs.frozen import Frozen

Outcome = Literal["ok", "failed", "diverged", "error", "oom", "timeout", "interrupted"]

FINISHED: frozenset[Outcome] = frozenset({"ok", "failed", "diverged"})
"""Outcomes that say something about the method; the others say something about the machine."""

TRAINED: frozenset[Outcome] = frozenset({"ok", "failed"})
"""Outcomes of a training that came to its end."""

Metrics = dict[str, float | None]
"""Metric name -> value in natural units (0 to 1, or -1 to 1); None where it is undefined."""


class Evaluation(Frozen):
    """The scores at the end of one epoch."""

    epoch: int
    step: int
    metrics: dict[str, Metrics]
    primary: float | None
    train_loss: float | None


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
    """One attempt at a run, whole. `effective` is what applied after the method had its say."""

    schema_number: Literal[1] = 1
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

    @property
    def last(self) -> Evaluation | None:
        """The evaluation after the last epoch: the headline of the paper's protocol."""
        return self.evaluations[-1] if self.evaluations else None

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the highest primary score: selected on the development set."""
        chosen = [e for e in self.evaluations if e.epoch == self.best_epoch]
        return chosen[0] if chosen else None
