"""What the doctor sees of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.execution import devices
from dpsrun.offline import machine
from dpsrun.offline.finding import CODES, Area, Finding, exit_code
from tests.execution.test_devices import install


def test_the_exit_code_is_the_sum_of_the_areas_where_something_is_missing() -> None:
    assert exit_code([]) == 0
    assert exit_code([Finding("disk", "warning", ""), Finding("data", "ok", "")]) == 0
    areas: tuple[Area, ...] = ("data", "data", "settings")
    missing = [Finding(area, "missing", "") for area in areas]
    assert exit_code(missing) == CODES["data"] + CODES["settings"] == 16 + 128


def test_a_line_says_what_helps() -> None:
    found = Finding("models", "missing", "no such model\n  here", "give another")
    assert str(found) == "missing models    no such model; here; give another"


@pytest.mark.parametrize(
    ("requirement", "state", "words"),
    [
        ("pytest>=9", "ok", "pytest "),
        ("pytest>=900", "missing", "pytest>=900 is wanted, "),
        ("no-such-thing>=1,<2", "missing", "no-such-thing<2,>=1 is not installed"),
        ("no-such-thing; extra == 'report'", "warning", "pip install 'dpsrun[report]'"),
        ("pytest>=900; extra == 'report'", "warning", "pip install 'dpsrun[report]'"),
    ],
)
def test_packages_are_compared_with_the_ranges_that_we_declare(
    monkeypatch: pytest.MonkeyPatch, requirement: str, state: str, words: str
) -> None:
    monkeypatch.setattr(machine, "requires", lambda _: [requirement])
    monkeypatch.setattr(machine, "MODULES", ())
    (found,) = machine.packages()
    assert (found.area, found.state) == ("packages", state)
    assert words in str(found)


def test_our_own_declaration_is_met_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MODULES", ())
    found = {finding.words.partition(" ")[0]: finding.state for finding in machine.packages()}
    assert {found["torch"], found["pyyaml"]} == {"ok"}
    assert "pytest" not in found, "developers need it, runs do not"


@pytest.mark.parametrize("fault", ["raise OSError('libfoo.so is missing')", "import nothing_there"])
def test_a_package_that_does_not_load_is_missing_and_keeps_nothing_from_being_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    (tmp_path / "broken_package.py").write_text(fault)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(machine, "requires", lambda _: ["pytest"])
    monkeypatch.setattr(machine, "MODULES", ("broken_package", "json"))
    there, broken = machine.packages()
    assert (there.state, broken.state) == ("ok", "missing")
    assert "broken_package cannot be loaded: " in broken.words


def test_what_workers_load_is_what_is_tried() -> None:
    assert {"torch", "transformers.modeling_utils", "datasets"} <= set(machine.MODULES)


def test_a_machine_without_a_gpu_has_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_driver(tmp_path, monkeypatch)
    cores, *_, precisions = machine.devices("auto")
    assert cores.words == f"{devices.cores()} CPU cores for us"
    assert "precision on cpu: fp32, bf16" in precisions.words
    last = list(machine.devices("cuda"))[-1]
    assert (last.area, last.state) == ("devices", "missing")
    assert "no GPU is visible here; use --device cpu" in last.words


def test_gpus_that_torch_cannot_use_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("torch can use GPUs here")
    without_driver(tmp_path, monkeypatch)
    install(tmp_path, "8.0")
    words = [(found.state, found.words) for found in machine.devices("cpu")]
    assert ("ok", "GPU 0: 85,899 MB, compute capability 8.0, says the driver's tool") in words
    assert ("warning", f"torch {torch.__version__} uses none of the driver's GPUs") in words


def without_driver(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices.driver.cache_clear()


def test_settings_that_tie_all_workers_to_the_same_cores_are_warned_of() -> None:
    assert not list(machine.threads({"OMP_NUM_THREADS": "8", "OMP_PROC_BIND": "false"}))
    (found,) = machine.threads({"OMP_PROC_BIND": "close"})
    assert (found.area, found.state, found.advice) == ("settings", "warning", "unset OMP_PROC_BIND")


def test_a_folder_that_can_be_written_is_right_and_left_as_it_was(tmp_path: Path) -> None:
    results = tmp_path / "not/yet/there"
    states = [
        f.state for f in (*machine.results_folder(results, 0), *machine.cache_folder(results))
    ]
    assert states == ["ok", "ok"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (results,) = machine.results_folder(tmp_path / "file/results", 0)
    (cache,) = machine.cache_folder(tmp_path / "file")
    assert [found.state for found in (results, cache)] == ["missing", "missing"]
    assert "choose another folder with --results" in str(results)
    assert "DPSRUN_CACHE can name another folder" in str(cache)


def test_a_disk_that_is_too_small_or_has_no_links_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "can_link", lambda _: False)
    links, room = machine.results_folder(tmp_path, 1 << 70)
    assert "no hard links" in links.words
    assert "runs at a time need up to" in room.words
    assert {links.state, room.state} == {"missing"}


def test_a_hub_that_does_not_answer_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    (found,) = machine.the_hub()
    assert str(found) == (
        "warning settings  the hub does not answer (HF_HUB_OFFLINE is set); "
        "what is in the cache serves"
    )
