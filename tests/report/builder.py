"""Results folders for tests, written through the real store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from dpsrun.report.read import Report, choose, read
from dpsrun.runs.result import CODE, Evaluation, Failure, Outcome, Result, Timing
from dpsrun.runs.spec import (
    DeviceKind,
    EvaluationSet,
    Labels,
    Places,
    Run,
    RunSpec,
    Scenario,
    Seeds,
    Training,
)
from dpsrun.runs.store import Manifest, Member, Store

Key = tuple[str, str, int]
"""Task, method label, seed."""

Wanted = float | Outcome | tuple[float | None, float | None] | None
"""The last score; an outcome without a score; last and best score; None for a run to be done."""

FAST = Training(learning_rate=1e-4)


def make_run(
    key: Key,
    *,
    training: Training = FAST,
    scenario: str = "full",
    method: str = "vanilla",
    params: Mapping[str, object] = MappingProxyType({}),
    sets: Iterable[str] = (),
    train_examples: int = 32,
    model: str = "tiny",
    architecture: str = "bert-2x8",
    device: DeviceKind = "cpu",
    seeds: Seeds | None = None,
) -> Run:
    """Describe a run; its label is the key's method, `sets` are its further evaluation sets."""
    task, label, seed = key
    seeds = seeds or Seeds.all(seed)
    spec = RunSpec(
        task=task,
        data=f"data-of-{task}",
        model="weights",
        architecture=architecture,
        device=device,
        method=method,
        params={"label": label} | dict(params),
        scenario=Scenario.parse(scenario),
        training=training,
        seeds=seeds,
        evaluate=tuple(EvaluationSet(name=name, data=f"data-of-{name}") for name in sets),
    )
    labels = Labels(task=task, model=model, method=label, scenario=scenario, seed=seeds.slug)
    return Run(id=spec.id, spec=spec, labels=labels, train_examples=train_examples, total_steps=6)


def make_results(
    root: Path,
    scores: Mapping[Key, Wanted],
    *,
    grid: str = "demo",
    training: Training = FAST,
    scenario: str = "full",
) -> Store:
    """Write a results folder with one grid whose runs ended as `scores` says."""
    store = Store(root / "results")
    runs = {key: make_run(key, training=training, scenario=scenario) for key in scores}
    for key, run in runs.items():
        store.order(run, Places(model="model", tokens="tokens"))
        wanted = scores[key]
        if wanted is not None:
            finish(store, run, wanted)
    write_manifest(store, grid, list(runs.values()))
    return store


def write_manifest(store: Store, grid: str, runs: list[Run]) -> None:
    """Note a grid of these runs."""
    members = tuple(
        Member(
            id=run.id,
            labels=run.labels,
            total_steps=run.total_steps,
            evaluate=tuple(further.name for further in run.spec.evaluate),
        )
        for run in runs
    )
    store.write_manifest(Manifest(name=grid, members=members))


def make_grid(root: Path, ends: Iterable[tuple[Run, Wanted, Mapping[str, object]]]) -> Store:
    """Write a results folder with one grid of these runs: how each ended, and more of its result.

    A run that is to be done has None for its end.
    """
    store, runs = Store(root / "results"), []
    for run, wanted, facts in ends:
        store.order(run, Places(model="model", tokens="tokens"))
        if wanted is not None:
            finish(store, run, wanted, **facts)
        runs.append(run)
    write_manifest(store, "demo", runs)
    return store


def report_of(store: Store) -> Report:
    """Read the only grid of a results folder."""
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


def finish(store: Store, run: Run, wanted: Wanted, **facts: object) -> Result:
    """Make an attempt at a run that ends as wanted, with a log, and publish its result."""
    attempt = store.begin(run.id)
    (store.attempt_folder(run.id, attempt) / "log.txt").write_text("step 1\n", encoding="utf-8")
    if isinstance(wanted, str):
        result = _without_score(run, attempt, wanted)
    else:
        last, best = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        result = _with_scores(run, attempt, last, best, "failed" if last is None else "ok")
    result = result.model_copy(update=facts)
    store.finish(result)
    return result


def _without_score(run: Run, attempt: str, outcome: Outcome) -> Result:
    """Give a result that ended after a splendid first epoch; its score must not count."""
    if outcome == "failed":
        return _with_scores(run, attempt, 0.5, 0.5, outcome="failed")
    failure = Failure(
        kind=outcome, message=f"ended by {outcome}", traceback="Traceback\n  line 1", log_tail="end"
    )
    return Result(
        run=run.id,
        attempt=attempt,
        code=CODE,
        outcome=outcome,
        evaluations=(_evaluation(1, 0.99),),
        best_epoch=1,
        failure=failure,
    )


def _with_scores(
    run: Run,
    attempt: str,
    last: float | None,
    best: float | None,
    outcome: Outcome = "ok",
) -> Result:
    """Give a result of two epochs: the best first, then the last."""
    return Result(
        run=run.id,
        attempt=attempt,
        code=CODE,
        outcome=outcome,
        evaluations=(_evaluation(1, best), _evaluation(2, last)),
        best_epoch=1 if best is not None else None,
        majority={"validation/accuracy": 0.5},
        effective={"dropout": 0.1, "optimizer": {"name": "AdamW"}},
        method={"kept": 0.7},
        hashes={"weights": "abc"},
        timing=Timing(total=3.5, startup=0.5, training=2.0, evaluation=1.0, steps=6, tokens=640),
        peak_memory_bytes={"host": 123456},
        environment={"torch": "2.13"},
    )


def _evaluation(epoch: int, score: float | None) -> Evaluation:
    metrics = {"validation": {"accuracy": score}}
    return Evaluation(epoch=epoch, step=3 * epoch, metrics=metrics, primary=score, train_loss=0.5)
