"""Made-up results, published as a worker would."""

from __future__ import annotations

from dpsrun.execution.plan import Plan
from dpsrun.runs.result import CODE, Evaluation, Result, Timing
from dpsrun.runs.spec import Places
from dpsrun.runs.store import Store

METRICS = ("accuracy", "f1", "matthews", "pearson", "spearman")
PLAIN = Result(
    run="",
    attempt="",
    code=CODE,
    outcome="ok",
    best_epoch=1,
    timing=Timing(total=1, startup=1, training=1, evaluation=1, steps=60, tokens=60),
)


def pretend(plan: Plan, store: Store, like: Result = PLAIN) -> None:
    """Publish a result for every run of a plan, like the one given but for its scores."""
    for number, run in enumerate(plan.runs.values()):
        store.order(run, Places(model="model", tokens="tokens"))
        scores = tuple(_evaluation(epoch, 0.5 + number % 97 / 200) for epoch in (1, 2, 3))
        own = {"run": run.id, "attempt": store.begin(run.id), "evaluations": scores}
        store.finish(like.model_copy(update=own))


def _evaluation(epoch: int, score: float) -> Evaluation:
    return Evaluation(
        epoch=epoch,
        step=20 * epoch,
        metrics={"validation": dict.fromkeys(METRICS, score)},
        primary=score,
        train_loss=0.5,
        halves=(score, score),
    )
