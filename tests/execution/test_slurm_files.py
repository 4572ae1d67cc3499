"""How runs are dealt out to jobs, and what the scripts and records of these say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution.slurm import script
from dpsrun.execution.slurm.submission import Records, Submission, deal
from dpsrun.execution.slurm.waiting import Told, look
from dpsrun.runs.store import Store

ARRAY = "20260102T030405000000Z-abcdef"
RUNS = [f"run-{number}" for number in range(7)]


def test_each_run_is_dealt_out_once_and_long_ones_go_to_different_jobs() -> None:
    ((first, second, third),) = deal(RUNS, runs_per_job=3, most=1000)
    assert (first, second) == (("run-0", "run-3", "run-6"), ("run-1", "run-4"))
    assert sorted([*first, *second, *third]) == RUNS


def test_arrays_are_split_where_the_cluster_takes_no_larger_ones() -> None:
    assert [len(hands) for hands in deal([str(n) for n in range(2003)], 1, 1001)] == [1001, 1001, 1]
    assert [len(hands) for hands in deal(RUNS, 2, 3)] == [3, 1]
    assert deal([], 2, 3) == []


@pytest.fixture
def submission() -> Submission:
    return Submission(token=ARRAY, tasks=(("run-0", "run-2"), ("run-1",)))


@pytest.mark.parametrize(("element", "runs"), [("0", "run-0 run-2"), ("1", "run-1")])
def test_the_script_starts_each_elements_own_runs(
    tmp_path: Path, submission: Submission, element: str, runs: str
) -> None:
    text = script.text(submission, ["echo", "dpsrun"], ["--results", "/a folder", "--checkpoint"])
    (tmp_path / "job.sh").write_text(text, encoding="utf-8")
    said = subprocess.run(
        ["sh", tmp_path / "job.sh"],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": element},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"dpsrun work {runs} --results /a folder --checkpoint\n"


def test_the_users_options_come_after_ours_and_in_their_order(
    tmp_path: Path, submission: Submission
) -> None:
    records = Records(Store(tmp_path / "50%"))
    words = script.words(submission, records, ["--partition=b", "--output=mine"], most=5)
    assert words[-4:] == [
        "--array=0-1%5",
        "--partition=b",
        "--output=mine",
        str(tmp_path / "50%/engine/slurm" / f"{ARRAY}.sh"),
    ]
    assert f"--output={tmp_path}/50%%/engine/slurm/{ARRAY}-%a.log" in words
    assert {"--requeue", "--open-mode=append"} <= set(words)


@pytest.mark.parametrize(
    "option",
    [
        *(
            "-HW",
            "-kHa1",
            "-sQ",
            "-p",
            "-t",
            "--array=1",
            "--arr=1",
            "-a1",
            "--wrap=true",
            "--wait",
            "-W",
            "gpu",
            "",
            "-",
            "--",
        ),
        *("--help", "-h", "--version", "-V", "--usage", "--quiet", "-Q", "--clusters=b", "-Mb"),
    ],
)
def test_what_would_break_the_jobs_is_refused(option: str) -> None:
    with pytest.raises(UserError, match=f"--sbatch={option}: "):
        script.check(["--partition=gpu", option])


@pytest.mark.parametrize(
    "option",
    ["-t1:00", "-pW", "-Hpgpu", "-H", "--time=1:00", "--wait-all-nodes=1", "--verbose"],
)
def test_all_other_options_are_the_users(option: str) -> None:
    script.check([option])


@pytest.mark.parametrize("name", ["new\nline", "back\\slash"])
def test_a_folder_that_slurm_reads_as_another_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="Slurm cannot write to a folder with"):
        script.check_folder(tmp_path / name / "results")
    script.check_folder(tmp_path / "50% of 'all' \N{GREEK SMALL LETTER ALPHA}|$x")


def test_an_array_can_wait_for_the_one_before(tmp_path: Path, submission: Submission) -> None:
    records = Records(Store(tmp_path))
    words = script.words(submission, records, ["--hold"], most=5, after=41)
    assert words.index("--dependency=afterany:41") < words.index("--hold")


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        (["--gres=gpu:1"], True),
        (["--gres=shard:2,gpu:a100:1"], True),
        (["--gpus-per-task=1"], True),
        (["--tres-per-task=gres/gpu:1"], True),
        (["-G1"], True),
        (["--partition=gpu"], False),
        ([], False),
    ],
)
def test_gpus_are_asked_for_by_options_that_do_so(options: list[str], *, asks: bool) -> None:
    assert script.asks_for_gpus(options) == asks


def test_a_record_tells_the_elements_once_slurm_has_taken_them(
    tmp_path: Path, submission: Submission
) -> None:
    records = Records(Store(tmp_path))
    assert (records.read(), submission.elements) == ([], [])
    taken = submission.model_copy(update={"job": 12})
    records.write(taken)
    (records.folder / "torn.json").write_text("{", encoding="utf-8")
    assert records.read() == [taken]
    first, second = records.tasks()
    assert (str(first.id), first.runs, second.runs) == ("12_0", ("run-0", "run-2"), ("run-1",))
    assert records.log(second) == records.folder / f"{ARRAY}-1.log"


def test_where_slurm_cannot_be_asked_that_is_known(
    tmp_path: Path, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    assert look(store) == Told()
    monkeypatch.setenv("PATH", str(tmp_path))
    Records(store).write(submission.model_copy(update={"job": 12}))
    assert look(store) is None
