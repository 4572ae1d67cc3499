"""Devices and slots are found by asking the driver's own tool; torch is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.config.facts import Machine
from dpsrun.errors import UserError
from dpsrun.execution import devices
from dpsrun.execution.devices import Slot, choose, cores, machine, runs_per_gpu, slots, visible_gpus

DRIVER = """#!/bin/sh
case "$1" in
    --query-gpu=index,uuid,compute_cap,memory.total) printf '{gpus}' ;;
    *) exit 9 ;;
esac
"""


@pytest.fixture(autouse=True)
def no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without GPUs, whatever this one has, and a torch that could use them."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "version", lambda _: "2.13.0+cu130")
    devices.driver.cache_clear()


def install(folder: Path, *capabilities: str, memory: str = "81920") -> None:
    """Put a driver tool on the path that knows GPUs of these compute capabilities."""
    gpus = "".join(
        f"{i}, GPU-{i}{i}-aa, {found}, {memory}\\n" for i, found in enumerate(capabilities)
    )
    tool = folder / "nvidia-smi"
    tool.write_text(DRIVER.format(gpus=gpus))
    tool.chmod(0o755)
    devices.driver.cache_clear()


def test_without_a_gpu_runs_go_to_the_cores() -> None:
    assert choose("auto") == ("cpu", [])
    assert slots("auto", None) == [Slot(number, "cpu") for number in range(cores())]
    assert slots("auto", 3)[-1].label == "cpu:2"
    assert slots("cpu", 1)[0].environment()["CUDA_VISIBLE_DEVICES"] == ""


def test_runs_of_several_threads_get_fewer_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsrun.execution.devices.cores", lambda: 6)
    assert [len(slots("cpu", None, threads=threads)) for threads in (1, 2, 4, 8)] == [6, 3, 1, 1]


def test_runs_share_a_gpu_where_they_fit_and_cores_can_feed_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "8.0", "9.0")
    monkeypatch.setattr(devices, "cores", lambda: 8)
    gib = 1 << 30
    assert runs_per_gpu("auto", "3", None) == 3
    assert runs_per_gpu("auto", "auto", None) == 1, "nothing was measured yet"
    assert runs_per_gpu("auto", "auto", 20 * gib) == 3
    assert runs_per_gpu("auto", "auto", gib) == 4, "eight cores for two GPUs"
    assert runs_per_gpu("cpu", "auto", gib) == 1
    found = slots("auto", None, per_gpu=2)
    assert [slot.label for slot in found] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert len({slot.device for slot in found}) == 2
    assert len({slot.environment()["CUDA_VISIBLE_DEVICES"] for slot in found}) == 2
    install(tmp_path, "8.0", memory="[N/A]")
    assert runs_per_gpu("auto", "auto", gib) == 1


def test_every_gpu_is_a_slot(tmp_path: Path) -> None:
    install(tmp_path, "8.0", "9.0")
    found = slots("auto", None)
    assert [slot.label for slot in found] == ["cuda:0", "cuda:1"]
    assert found[1].environment() == {
        "CUDA_VISIBLE_DEVICES": "1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    assert slots("cpu", 1)[0].kind == "cpu"


def test_more_workers_than_gpus_share_them_in_turn(tmp_path: Path) -> None:
    install(tmp_path, "8.0", "9.0")
    assert [slot.gpu for slot in slots("cuda", 3)] == ["0", "1", "0"]


def test_chosen_gpus_are_counted_among_the_visible_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "8.0", "8.0", "8.0")
    assert choose("cuda:2,cuda:0") == ("cuda", ["2", "0"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert choose("cuda:1") == ("cuda", ["GPU-5"])
    with pytest.raises(UserError, match="the GPUs visible here are cuda:0 to cuda:1"):
        choose("cuda:2")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", []), ("-1", []), ("0,1", ["0", "1"]), ("1,-1,2", ["1"]), ("GPU-a", ["GPU-a"])],
)
def test_the_environment_says_which_gpus_are_ours(value: str, expected: list[str]) -> None:
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": value}) == expected


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:0,", "cuda:0;1", ""])
def test_a_word_for_no_device_is_refused_with_the_valid_ones(device: str) -> None:
    with pytest.raises(UserError, match="use auto, cpu, cuda or a list such as cuda:0,cuda:1"):
        choose(device)


@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_gpu_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(UserError, match="no GPU is visible here; use --device cpu"):
        choose(device)


def test_the_precision_is_what_the_weakest_of_the_chosen_gpus_has(tmp_path: Path) -> None:
    assert machine("auto") == Machine("cpu", "fp32")
    install(tmp_path, "9.0", "8.0", "7.5")
    assert machine("cuda:0,cuda:1") == Machine("cuda", "bf16")
    assert machine("cuda") == machine("cuda:2") == Machine("cuda", "fp16")


@pytest.mark.parametrize(
    ("name", "precision"),
    [("1", "bf16"), ("GPU-22", "fp16"), ("GPU-11-aa", "bf16"), ("MIG-11-aa", None), ("7", None)],
)
def test_a_gpu_is_known_by_its_number_or_the_beginning_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, precision: str | None
) -> None:
    install(tmp_path, "9.0", "8.0", "7.5")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    assert machine("auto").precision == precision


def test_gpus_that_the_driver_does_not_describe_are_used_only_if_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert machine("auto") == Machine("cpu", "fp32")
    assert machine("cuda") == Machine("cuda", None)


def test_a_torch_for_cpus_leaves_the_gpus_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "9.0")
    monkeypatch.setattr(devices, "version", lambda _: "2.13.0+cpu")
    assert choose("auto") == ("cpu", [])
    with pytest.raises(UserError, match="built for CPUs only"):
        choose("cuda")


@pytest.mark.parametrize(
    ("quota", "count"), [("150000 100000", 2), ("1000 100000", 1), ("max 100000", 8), (None, 8)]
)
def test_a_container_s_quota_limits_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str | None, count: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(devices, "CPU_QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert cores() == count


def test_a_driver_that_fails_has_no_gpus(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho failed to initialise\nexit 9\n")
    tool.chmod(0o755)
    assert visible_gpus({}) == []


def test_a_job_of_slurm_uses_the_cores_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "1")
    assert devices.cores() == 1
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "100000")
    assert devices.cores() < 100000
