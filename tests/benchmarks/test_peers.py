"""Peers are compared with the product only if they do the same work."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peer, peers, programs
from benchmarks.loop import Job, Outcome, Program
from benchmarks.measure import Settings
from benchmarks.programs import OURS, Done, Work

STEPS = 12


@pytest.fixture(scope="module")
def work(quick: Settings, tmp_path_factory: pytest.TempPathFactory) -> Work:
    work = programs.prepare("mini-stsb", quick, tmp_path_factory.mktemp("work"))
    (run,) = work.jobs
    rows = [*range(STEPS * work.jobs[run].batch_size)]
    schedule: dict[str, Any] = {"total_steps": STEPS, "warmup_steps": 2, "learning_rate": 2e-3}
    job = replace(work.jobs[run], rows=rows, every=64, **schedule)
    return replace(work, jobs={run: job})


@pytest.fixture(scope="module")
def right(work: Work) -> Done:
    (job,) = work.jobs.values()
    return done(job, work)


def done(job: Job, work: Work) -> Done:
    outcome = Program(job).run()
    return Done(dict.fromkeys(work.jobs, outcome), outcome.seconds, outcome.seconds)


def test_the_same_job_has_the_same_losses(work: Work, right: Done) -> None:
    (job,) = work.jobs.values()
    peers.check(work, {OURS: right, "other": done(replace(job, pad="max_length"), work)})


@pytest.mark.parametrize("program", ["loop", "trainer"])
def test_what_a_process_does_has_the_same_losses(
    work: Work,
    right: Done,
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if program == "trainer":
        pytest.importorskip("accelerate")
    ((run, job),) = work.jobs.items()
    file, beginning = tmp_path / "job.json", replace(job, rows=job.rows[: 3 * job.batch_size])
    file.write_text(json.dumps(asdict(beginning)), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["peer", str(file), program])
    peer.main()
    outcome = Outcome(**json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert len(outcome.losses) == 3
    assert outcome.seconds > outcome.done > 0
    begun = replace(work, jobs={run: beginning})
    peers.check(begun, {OURS: right, program: Done({run: outcome}, 1, 1)})


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 2.1e-3},
        {"weight_decay": 0.0},
        {"clip": 1e9},
        {"warmup_steps": 3},
        {"total_steps": STEPS + 1},
        {"head_seed": 1},
        {"dropout": None},
        {"rows": [*range(4, 4 * STEPS), *range(4)]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_job_is_an_error(work: Work, right: Done, change: dict[str, Any]) -> None:
    (job,) = work.jobs.values()
    other = done(replace(job, **change), work)
    with pytest.raises(RuntimeError, match=r"other: losses of .* differ from ours by"):
        peers.check(work, {OURS: right, "other": other})


def test_with_dropout_losses_need_only_be_alike(work: Work) -> None:
    ((run, job),) = work.jobs.items()
    ours, near, far = (Done({run: Outcome(1, 1, 1, [x] * STEPS)}, 1, 1) for x in (1.0, 1.05, 1.2))
    with_dropout = replace(work, jobs={run: replace(job, dropout=None)})
    peers.check(with_dropout, {OURS: ours, "other": near})
    with pytest.raises(RuntimeError, match="other"):
        peers.check(with_dropout, {OURS: ours, "other": far})
    with pytest.raises(RuntimeError, match="other"):
        peers.check(work, {OURS: ours, "other": near})


def test_a_loss_that_is_no_number_is_an_error(work: Work, right: Done) -> None:
    (run,) = work.jobs
    broken = Done({run: Outcome(1, 1, 1, [float("nan")] * STEPS)}, 1, 1)
    with pytest.raises(RuntimeError, match="nan"):
        peers.check(work, {OURS: right, "other": broken})


def test_a_peer_that_takes_fewer_steps_is_an_error(work: Work, right: Done) -> None:
    (run,) = work.jobs
    short = Done({run: replace(right.outcomes[run], losses=right.outcomes[run].losses[:-1])}, 1, 1)
    with pytest.raises(ValueError, match="shorter"):
        peers.check(work, {OURS: right, "other": short})


def test_steps_that_were_left_out_are_counted_but_the_first_only_once(work: Work) -> None:
    (job,) = work.jobs.values()
    outcome = Halved(replace(job, rows=job.rows[: 3 * job.batch_size], every=2)).run()
    assert outcome.training == pytest.approx(1.0 + (STEPS - 1) * 0.5, abs=0.05)
    assert outcome.evaluation == pytest.approx(2 * 0.1, abs=0.1)
    assert 0.1 <= outcome.done < outcome.seconds


class Halved(Program):
    """A first step of a second, later ones of half a second; an evaluation of a tenth."""

    def __init__(self, job: Job) -> None:
        self.job, self.losses = job, [1.0]

    def fit(self) -> None:
        now = time.perf_counter()
        self.ends = [now + 1.0, now + 1.5, now + 2.0]

    def evaluate(self) -> None:
        time.sleep(0.1)


def test_runs_go_to_the_slot_that_is_free_first() -> None:
    assert programs.makespan([3, 1, 1, 2], 2) == 4
    assert programs.makespan([3, 1], 4) == 3


def test_our_runs_share_the_time_that_they_took_side_by_side() -> None:
    ours = Done({"a": Outcome(1, 1, 2, []), "b": Outcome(1, 3, 4, [])}, 9, 3)
    theirs = Done({"a": Outcome(2, 2, 4, []), "b": Outcome(5, 7, 12, [])}, 99, 16)
    spread = peers.by_run(theirs, ours)
    assert spread is not None
    assert (spread.low, spread.high) == (4 / 1, 12 / 2)  # on two slots: 1 and 2 seconds


def test_a_job_is_the_beginning_of_its_run(quick: Settings, tmp_path: Path) -> None:
    (job,) = programs.prepare("mini-cola", quick, tmp_path).jobs.values()
    assert (job.total_steps, job.steps, job.every) == (4, 2, 2)
    assert len(set(job.rows)) == len(job.rows) == 2 * job.batch_size
    assert job.dropout == 0
