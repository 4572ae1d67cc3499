"""Devices and slots are found by asking the driver's own tool; torch is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution.devices import (
    Slot,
    choose,
    cores,
    native_precision,
    slots,
    visible_gpus,
)

DRIVER = """#!/bin/sh
case "$1" in
    --query-gpu=index) printf '{indices}' ;;
    --query-gpu=compute_cap) printf '{capabilities}' ;;
    *) exit 9 ;;
esac
"""


@pytest.fixture(autouse=True)
def no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without GPUs, whatever this one has."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def install(folder: Path, *capabilities: str) -> None:
    """Put a driver tool on the path that knows GPUs of these compute capabilities."""
    indices = "".join(f"{number}\\n" for number in range(len(capabilities)))
    tool = folder / "nvidia-smi"
    tool.write_text(
        DRIVER.format(indices=indices, capabilities="".join(f"{c}\\n" for c in capabilities))
    )
    tool.chmod(0o755)


def test_without_a_gpu_runs_go_to_the_cores() -> None:
    assert choose("auto") == ("cpu", [])
    assert slots("auto", None) == [Slot(number, "cpu") for number in range(cores())]
    assert slots("auto", 3)[-1].label == "cpu:2"
    assert slots("cpu", 1)[0].environment() == {"CUDA_VISIBLE_DEVICES": ""}


def test_runs_of_several_threads_get_fewer_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsrun.execution.devices.cores", lambda: 6)
    assert [len(slots("cpu", None, threads=threads)) for threads in (1, 2, 4, 8)] == [6, 3, 1, 1]


def test_every_gpu_is_a_slot(tmp_path: Path) -> None:
    install(tmp_path, "8.0", "9.0")
    found = slots("auto", None)
    assert [slot.label for slot in found] == ["cuda:0", "cuda:1"]
    assert found[1].environment() == {"CUDA_VISIBLE_DEVICES": "1"}
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


def test_the_precision_is_what_the_weakest_gpu_has(tmp_path: Path) -> None:
    assert native_precision("cpu") == "fp32"
    install(tmp_path, "9.0", "8.0")
    assert native_precision("cuda") == "bf16"
    install(tmp_path, "9.0", "7.5")
    assert native_precision("cuda") == "fp16"


def test_a_driver_that_fails_has_no_gpus(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho failed to initialise\nexit 9\n")
    tool.chmod(0o755)
    assert visible_gpus({}) == []
