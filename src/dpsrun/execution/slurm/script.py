"""The batch script of an array: each element does its own runs with `dpsrun work`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from dpsrun.errors import UserError
from dpsrun.execution.slurm.submission import Records, Submission

OURS = {
    "array": "an element is a share of the runs",
    "clusters": "only the jobs of one cluster are watched; set SLURM_CLUSTERS for all commands",
    "help": "it submits nothing",
    "quiet": "it would not say the job's number",
    "test-only": "it submits nothing",
    "usage": "it submits nothing",
    "version": "it submits nothing",
    "wait": "the command waits by itself; --detach lets it go",
    "wrap": "the jobs have a script",
}
"""Options of sbatch that would break what we rely on, and why."""

SHORT = {"a": "array", "h": "help", "M": "clusters", "Q": "quiet", "V": "version", "W": "wait"}
"""Those of them that have a short form."""

FLAGS = "HIkOsv"
"""Other short options without a value: more may follow in the same word."""

GPU = re.compile(r"-G|--gpus|--(gres|tres-per-\w+)=.*gpu")


def check(options: Iterable[str]) -> None:
    """Raise UserError for an option of sbatch that is no option, or not the user's to set."""
    for option in options:
        if not re.match(r"-\w|--\w", option):
            raise UserError(f"--sbatch={option}: write --sbatch=--partition=gpu, with its dashes")
        if name := _ours(option):
            raise UserError(f"--sbatch={option}: cannot be set: {OURS[name]}")
        if len(option) == len("-p") and option[1] not in FLAGS:
            raise UserError(f"--sbatch={option}: write its value with it, as in --sbatch=-pgpu")


def _ours(option: str) -> str | None:
    """Name the option of ours that is meant; sbatch takes the beginning of a long one for it."""
    if not option.startswith("--"):
        return SHORT.get(option[1:].lstrip(FLAGS)[:1])
    begun = option[2:].partition("=")[0]
    return next((name for name in OURS if name.startswith(begun)), None)


def check_folder(results: Path) -> None:
    """Raise UserError for a folder whose name Slurm would read as something else."""
    if found := re.search(r"[\x00-\x1f\\]", str(results.absolute())):
        raise UserError(f"{str(results)!r}: Slurm cannot write to a folder with {found[0]!r} in it")


def words(
    submission: Submission,
    records: Records,
    options: Iterable[str],
    most: int | None,
    after: int | None = None,
) -> list[str]:
    """Give the words of sbatch for an array, at most `most` elements of it at a time.

    It begins once the job `after` is over, if there is one. The user's options come after ours and
    win.
    """
    folder = str(records.folder).replace("%", "%%")
    at_a_time = "" if most is None else f"%{most}"
    return [
        "--requeue",
        "--open-mode=append",
        "--job-name=dpsrun",
        f"--output={folder}/{submission.token}-%a.log",
        f"--array=0-{len(submission.tasks) - 1}{at_a_time}",
        *([] if after is None else [f"--dependency=afterany:{after}"]),
        *options,
        str(records.script(submission.token)),
    ]


def text(submission: Submission, program: Sequence[str], options: Sequence[str]) -> str:
    """Write the script: `program` with the runs of the element and the options of `work`.

    It becomes that program, so that Slurm's signals reach it.
    """
    shares = [
        f"{index}) set -- {shlex.join(runs)} ;;" for index, runs in enumerate(submission.tasks)
    ]
    command = f'exec {shlex.join([*program, "work"])} "$@" {shlex.join(options)}'
    lines = ["#!/bin/sh", 'case "$SLURM_ARRAY_TASK_ID" in', *shares, "esac", command, ""]
    return "\n".join(lines)


def asks_for_gpus(options: Iterable[str]) -> bool:
    """Say whether options of sbatch ask for a GPU on each node."""
    return any(GPU.match(option) for option in options)
