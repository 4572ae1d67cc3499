"""The options of `dpsrun grid` and `dpsrun plan` that are for one engine alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

import typer

Executor = Annotated[
    str,
    typer.Option("--executor", metavar="ENGINE", help="What does the runs: local, slurm or ray."),
]
Sbatch = Annotated[
    list[str] | None,
    typer.Option(
        "--sbatch",
        metavar="OPTION",
        help="Slurm: an option of sbatch, as in --sbatch=--partition=gpu; repeatable.",
    ),
]
RunsPerJob = Annotated[
    int | None,
    typer.Option("--runs-per-job", min=1, max=10_000, help="Slurm: runs that a job does; 1."),
]
MaxParallel = Annotated[
    int | None,
    typer.Option("--max-parallel", min=1, help="Slurm: jobs of this command at work at a time."),
]
Detach = Annotated[bool, typer.Option("--detach", help="Slurm: submit, and do not wait.")]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", metavar="HOST:PORT", help="Ray: its head; auto: found by Ray."),
]
CpusPerRun = Annotated[
    int | None,
    typer.Option("--cpus-per-run", min=1, help="Ray: cores of a run; the grid's threads."),
]
GpusPerRun = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-run", min=0, max=1, help="Ray: a run's part of a GPU; 1 with --device cuda."
    ),
]


@dataclass(frozen=True)
class AskedOfSlurm:
    """What the user says for Slurm alone; nothing by default."""

    sbatch: tuple[str, ...] = ()
    runs_per_job: int | None = None
    max_parallel: int | None = None
    detach: bool = False


@dataclass(frozen=True)
class AskedOfRay:
    """What the user says for Ray alone; nothing by default."""

    ray_address: str | None = None
    cpus_per_run: int | None = None
    gpus_per_run: float | None = None


@dataclass(frozen=True)
class Asked:
    """What the user says for one engine alone."""

    slurm: AskedOfSlurm = AskedOfSlurm()
    ray: AskedOfRay = AskedOfRay()

    def check(self, executor: str) -> None:
        """Raise UserError for an option of another engine than the one that is to do the runs."""
        from dpsrun.errors import UserError

        for engine, name, asked in (("slurm", "Slurm", self.slurm), ("ray", "Ray", self.ray)):
            given = [
                each.name for each in fields(asked) if getattr(asked, each.name) != each.default
            ]
            if given and engine != executor:
                option = f"--{given[0].replace('_', '-')}"
                raise UserError(f"{option} is for {name}: add --executor {engine}")
