"""Runs as jobs of a real Slurm with two nodes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.engine import Demand
from dpsrun.execution.slurm.submission import Records
from dpsrun.execution.slurm.waiting import NotBegun, Told, look
from dpsrun.runs.files import tail
from dpsrun.runs.store import Store
from tests.cli.waiting import until
from tests.engines.cluster import Cluster
from tests.engines.grids import OnSlurm

pytestmark = pytest.mark.engine("slurm")


def test_a_grid_is_spread_over_the_nodes_and_each_run_is_done_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 4)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: len(engine.poll()) == len(work.seen.steps) == 4)
    assert {place["SLURMD_NODENAME"] for place in work.at_work()} == {"n1", "n2"}
    assert {slot.split()[0] for slot in work.seen.starts.values()} == {"n1", "n2"}
    waiting.unlink()
    until(lambda: not engine.poll())
    assert set(work.seen.ends.values()) == {"ok"}
    assert {len(work.places(run)) for run in work.runs} == {1}
    engine.leave()
    assert work.seen.words == [f"submitted 4 runs as Slurm job {work.submissions[0].job}"]


def test_a_job_does_several_runs_as_long_as_they_have_no_result(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 3, Demand(runs_per_job=2, max_parallel=1))
    first, second, third = work.runs
    waiting = work.wait()
    engine = work.engine
    engine.submit([first, second, third])
    until(lambda: len(work.at_work()) == 1)
    (array,) = work.submissions
    assert array.tasks == ((first, third), (second,))
    states = commands.squeue([array.job or 0]) or {}
    assert sorted((one.state, one.reason) for one in states.values()) == [
        ("PENDING", "JobArrayTaskLimit"),
        ("RUNNING", "None"),
    ]
    waiting.unlink()
    until(lambda: not engine.poll())
    assert work.missing == []


def test_each_run_sees_the_gpus_that_its_job_was_given(cluster: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 4, Demand(("--gres=gpu:1",)))
    work.options = ("--device", "cuda")
    engine, waiting = work.begin(4)
    places = work.at_work()
    found = {(place["SLURMD_NODENAME"], place["CUDA_VISIBLE_DEVICES"]) for place in places}
    assert found == {("n1", "0"), ("n1", "1"), ("n2", "0"), ("n2", "1")}
    waiting.unlink()
    until(lambda: not engine.poll())


def test_runs_of_a_job_share_its_gpu_if_the_user_says_so(cluster: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 4, Demand(("--gres=gpu:1", "--nodelist=n1"), runs_per_job=2))
    work.options = ("--device", "cuda", "--runs-per-gpu", "2")
    engine, waiting = work.begin(4)
    assert sorted(place["CUDA_VISIBLE_DEVICES"] for place in work.at_work()) == list("0011")
    waiting.unlink()
    until(lambda: not engine.poll())
    assert work.missing == []


def test_a_job_whose_runs_fail_alike_does_not_do_them_all(cluster: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 5, Demand(runs_per_job=5), method="raises")
    work.options = ("--stop-after", "2")
    assert work.drive()
    assert sorted(work.seen.ends.values()) == ["error"] * 2 + ["interrupted"] * 3
    (array,) = work.submissions
    assert f"its job {array.elements[0].id} ended with FAILED" in work.seen.failures
    (task,) = array.elements
    assert "stopped after 2 failures in a row: error: this" in tail(Records(work.store).log(task))


def test_a_run_whose_worker_is_killed_is_left_and_a_second_command_does_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1)
    engine, waiting = work.begin()
    os.kill(work.at_work()[0]["pid"], signal.SIGKILL)
    until(lambda: not engine.poll())
    assert list(work.seen.ends.values()) == ["interrupted"]
    assert work.seen.failures[0].endswith("ended with FAILED")
    waiting.unlink()
    assert work.drive()
    assert (work.missing, len(work.submissions)) == ([], 2)


def test_a_job_that_is_requeued_does_its_run_again_and_adds_to_its_log(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1)
    engine, waiting = work.begin()
    (array,) = work.submissions
    cluster.say("scontrol", "requeue", f"{array.job}_0")
    (run,) = work.runs
    (attempt,) = work.store.attempts(run)
    until(lambda: work.store.attempt_result(run, attempt) is not None)
    waiting.unlink()
    until(lambda: not engine.poll())
    assert work.seen.ends == {run: "ok"}
    assert len(work.store.attempts(run)) == 2
    log = (Records(work.store).folder / f"{array.token}-0.log").read_text()
    assert [line.split()[0] for line in log.splitlines() if run in line].count("start") == 2


def test_runs_cancelled_from_outside_are_left_to_be_done_and_it_is_said(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 2, Demand(max_parallel=1))
    engine, waiting = work.begin()
    (array,) = work.submissions
    cluster.say("scancel", str(array.job))
    until(lambda: not engine.poll())
    assert set(work.seen.ends.values()) == {"interrupted"}
    assert len(work.missing) == 2
    assert f"its job {array.job}_0 ended with CANCELLED" in work.seen.failures
    assert [f"its job {array.job}_1 " in words for words in work.seen.failures].count(True) == 1
    waiting.unlink()


def test_a_second_driver_adopts_what_lives_and_submits_the_rest(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 3)
    waiting, first = work.wait(), work.engine
    first.submit(work.runs[:2])
    first.leave()
    assert work.seen.words[-1].startswith(f"{first.describe()}: left in the queue;")
    second = work.engine
    second.submit(work.runs)
    assert [sorted(sum(each.tasks, ())) for each in work.submissions] == [
        work.runs[:2],
        work.runs[2:],
    ]
    assert f"2 runs in the queue already: {first.describe()}" in work.seen.words
    waiting.unlink()
    until(lambda: not second.poll())
    assert set(work.seen.ends.values()) == {"ok"}


def test_jobs_are_ours_by_whatever_path_their_folder_is_reached(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path / "home", 2)
    _, waiting = work.begin(2)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    same = OnSlurm(Store(tmp_path / "link" / "results"), None)
    engine = same.engine
    engine.submit(same.runs)
    assert len(same.submissions) == 1
    assert same.seen.words[0].startswith("2 runs in the queue already")
    waiting.unlink()
    until(lambda: not engine.poll())
    assert set(same.seen.ends.values()) == {"ok"}


def test_runs_that_ended_since_they_were_planned_are_not_submitted(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 2)
    planned = work.runs
    assert work.drive()
    late = OnSlurm(work.store, None)
    engine = late.engine
    engine.submit(planned)
    assert not engine.poll()
    assert set(late.seen.ends.values()) == {"ok"}
    assert len(late.submissions) == 1


def test_runs_that_nobody_asks_for_any_more_are_named(cluster: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 3)
    first, waiting = work.begin(3)
    second = OnSlurm(work.store, None)
    second.engine.submit(work.runs[:1])
    (array,) = work.submissions
    told = f"2 runs of this folder that nobody asks for now in the queue too: Slurm {array.job}; "
    assert second.seen.words[0].startswith(told)
    waiting.unlink()
    until(lambda: not first.poll())


def test_a_submitter_killed_before_it_knew_the_job_submits_nothing_twice(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    (array,) = work.submissions
    Records(work.store).write(array.model_copy(update={"job": None}))
    after = work.engine
    after.submit(work.runs)
    assert work.submissions == [array]
    waiting.unlink()
    until(lambda: not after.poll())
    assert work.missing == []


def test_a_run_that_two_jobs_are_to_do_is_done_once(cluster: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 1)
    waiting, first = work.wait(), work.engine
    first.submit(work.runs)
    (array,) = work.submissions
    (Records(work.store).folder / f"{array.token}.json").unlink()  # nobody can adopt it
    second = work.engine
    second.submit(work.runs)
    jobs = [array.job or 0, work.submissions[0].job or 0]
    until(lambda: {one.state for one in (commands.squeue(jobs) or {}).values()} == {"RUNNING"})
    until(lambda: len(work.at_work()) == 1)
    waiting.unlink()
    until(lambda: not first.poll() and not second.poll())
    until(lambda: {one.state for one in (commands.squeue(jobs) or {}).values()} == {"COMPLETED"})
    assert len(work.store.attempts(work.runs[0])) == 1


def test_once_it_is_enough_what_waits_is_cancelled_and_what_runs_ends(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 3, Demand(max_parallel=1))
    engine, waiting = work.begin()
    engine.hold()
    waiting.unlink()
    until(lambda: not engine.poll())
    assert list(work.seen.ends.values()) == ["ok"]
    assert len(work.missing) == 2


def test_an_array_larger_than_the_cluster_allows_is_refused_and_so_we_split(
    cluster: Cluster,
) -> None:
    size = commands.max_array_size()
    words = ["--wrap=true", "--test-only"]
    with pytest.raises(UserError, match="Invalid job array specification"):
        commands.sbatch([f"--array=0-{size}", *words])
    cluster.say("sbatch", f"--array=0-{size - 1}", *words)


def test_a_demand_that_no_node_can_meet_is_refused_in_slurms_words(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1, Demand(("--gres=gpu:3",)))
    with pytest.raises(UserError, match=r"sbatch: .*Requested node configuration is not available"):
        work.drive()
    assert work.missing == work.runs


def test_a_reason_to_wait_that_may_last_for_ever_is_told_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 2, Demand(("--hold",)))
    engine = work.engine
    engine.submit(work.runs)
    (array,) = work.submissions
    engine.queue.look()
    engine.queue.look()
    assert work.seen.words[1:] == [f"Slurm job {array.job} waits: JobHeldUser"]
    cluster.say("scontrol", "release", str(array.job))
    until(lambda: not engine.poll())
    assert set(work.seen.ends.values()) == {"ok"}


def test_an_answer_without_a_number_is_shown(cluster: Cluster) -> None:
    with pytest.raises(UserError, match="sbatch: gave no number of a job, but said: slurm"):
        commands.sbatch(["--version"])


def test_jobs_that_cannot_begin_end_the_command_with_what_they_said(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 2)
    work.options = ("--versions", "dpsrun 9.9, torch 9.9")
    with pytest.raises(UserError, match=r"(?s)before it began; .*submitted with dpsrun 9\.9"):
        work.drive()
    (array,) = work.submissions
    until(lambda: not any(one.lives for one in (commands.squeue([array.job or 0]) or {}).values()))
    assert work.missing == work.runs
    assert [work.store.attempts(run) for run in work.runs] == [[], []]


def test_who_asks_later_is_told_of_jobs_that_could_not_begin(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 2)
    work.options = ("--versions", "dpsrun 9.9, torch 9.9")
    work.engine.submit(work.runs)
    until(lambda: look(work.store) == Told(not_begun=told(work)))
    assert "submitted with dpsrun 9.9" in told(work)[0].words
    work.options = ()
    assert work.drive()
    assert look(work.store) == Told()


def told(work: OnSlurm) -> tuple[NotBegun, ...]:
    """Say what there is to tell of an array whose two jobs ended alike."""
    (array,) = work.submissions
    first, second = array.elements
    log = Records(work.store).log(first)
    return (NotBegun((*first.runs, *second.runs), str(first.id), tail(log), str(log)),)


def test_a_folder_that_the_nodes_do_not_see_is_told_from_other_troubles(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1, Demand(("--output=/dev/null",)))
    work.options = ("--results", str(tmp_path / "not-shared"))
    with pytest.raises(UserError, match="the nodes may not see that folder"):
        work.drive()
