"""What `--executor` and the options of its engines are refused for, before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command import TRAINING, Bench, Ended


@pytest.fixture
def grid(bench: Bench) -> Path:
    return bench.grid()


def refused(bench: Bench, *words: str | Path) -> str:
    return reason_of(bench, bench.fork(*words))


def reason_of(bench: Bench, ended: Ended) -> str:
    assert (ended.code, ended.out) == (2, ""), ended
    assert not (bench.folder / "results").exists()
    return " ".join(ended.err.split())


@pytest.fixture
def with_slurm(bench: Bench) -> Bench:
    """A bench with an `sbatch` that nobody may start."""
    tools = bench.folder / "tools"
    tools.mkdir()
    (tools / "sbatch").touch(0o755)
    return bench.given(PATH=f"{tools}:{bench.environment['PATH']}")


def test_a_misspelt_engine_is_named_with_the_nearest(bench: Bench, grid: Path) -> None:
    assert "--executor slrum: did you mean 'slurm'?" in refused(
        bench, "grid", grid, "--executor", "slrum"
    )


@pytest.fixture
def without_ray(bench: Bench) -> Bench:
    """A bench whose Python finds no ray."""
    folder = bench.folder / "hidden"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['ray'] = None\n")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return bench.given(PYTHONPATH=path)


@pytest.mark.parametrize("engine", ["local", "ray"])
@pytest.mark.parametrize(
    "option", ["--sbatch=--partition=gpu", "--runs-per-job=2", "--max-parallel=2", "--detach"]
)
def test_slurms_options_are_for_slurm(bench: Bench, grid: Path, option: str, engine: str) -> None:
    name = option.partition("=")[0]
    said = refused(bench, "grid", grid, option, "--executor", engine)
    assert f"{name} is for Slurm: add --executor slurm" in said


@pytest.mark.parametrize(
    "option", ["--ray-address=head:6379", "--cpus-per-run=2", "--gpus-per-run=0.5"]
)
def test_rays_options_are_for_ray(bench: Bench, grid: Path, option: str) -> None:
    name = option.partition("=")[0]
    assert f"{name} is for Ray: add --executor ray" in refused(bench, "grid", grid, option)


def test_where_there_is_no_ray_it_is_said(without_ray: Bench, grid: Path) -> None:
    said = reason_of(without_ray, without_ray.say("grid", grid, "--executor", "ray"))
    assert "ray is not installed here: pip install 'dpsrun[ray]'" in said


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--workers", "2"], "on Ray, --cpus-per-run is what counts"),
        (["--runs-per-gpu", "2"], "on Ray, --gpus-per-run 0.5 puts two runs on a GPU"),
        (["--gpus-per-run=0.33333"], "--gpus-per-run 0.33333: Ray takes four decimals"),
        (["--device=cpu", "--gpus-per-run=1"], "--gpus-per-run 1 does not go with --device cpu"),
        (["--device=cuda", "--gpus-per-run=0"], "--gpus-per-run 0 does not go with --device cuda"),
    ],
)
def test_what_ray_is_not_to_be_asked_is_refused(
    bench: Bench, grid: Path, words: list[str], reason: str
) -> None:
    assert reason in refused(bench, "grid", grid, "--executor", "ray", *words)


def test_where_there_is_no_sbatch_it_is_said(bench: Bench, grid: Path) -> None:
    nowhere = bench.given(PATH=str(bench.folder))
    assert "there is no sbatch on the PATH" in refused(nowhere, "grid", grid, "--executor", "slurm")
    assert "there is no sbatch on the PATH" in refused(nowhere, "cancel", "elsewhere")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--workers", "2"], "on Slurm, --max-parallel limits the jobs"),
        (["--sbatch=partition=gpu"], "write --sbatch=--partition=gpu, with its dashes"),
        (["--sbatch=--array=0-3"], "--sbatch=--array=0-3: cannot be set"),
        (["--sbatch=-a0-3"], "--sbatch=-a0-3: cannot be set"),
        (["--sbatch=--wait"], "--detach lets it go"),
        (["--device", "cuda:0"], "of a cluster's nodes say cpu or cuda"),
        (["--runs-per-gpu", "some"], "--runs-per-gpu some: use auto or a number"),
        (["--sbatch=--gres=gpu:1"], "give precision"),
    ],
)
def test_what_slurm_is_not_to_be_asked_is_refused(
    with_slurm: Bench, grid: Path, words: list[str], reason: str
) -> None:
    assert reason in refused(with_slurm, "grid", grid, "--executor", "slurm", *words)


def test_a_plan_is_for_the_nodes_whatever_is_here(with_slurm: Bench) -> None:
    grid = with_slurm.grid(training={**TRAINING, "precision": "fp32"})
    words = ("--executor", "slurm", "--sbatch=--gres=gpu:1", "--max-parallel", "3", "--json")
    ended = with_slurm.fork("plan", grid, *words)
    assert ended.code == 0, ended.err
    assert ended.json["summary"]["slots"] == 3
    assert "--executor slrum: did you mean 'slurm'?" in refused(
        with_slurm, "plan", grid, "--executor", "slrum"
    )
