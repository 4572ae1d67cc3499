"""Which runs can be repeated, and that they are repeated as they were done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.execution import verify
from dpsrun.execution.verify import original, slots_for
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Places, Training
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_results, make_run

KEY = ("rte", "vanilla", 0)
RUN = make_run(KEY)


def results(folder: Path, wanted: Wanted = 0.6, **changes: Any) -> Store:
    """Make a folder with one run whose inputs are there and whose result has these parts."""
    store = make_results(folder, {KEY: wanted})
    for name in ("model", "tokens"):
        (folder / name).mkdir()
    store.order(RUN, Places(model=str(folder / "model"), tokens=str(folder / "tokens")))
    done = store.result(RUN.id)
    if isinstance(done, Result) and changes:
        store.withdraw(RUN.id)
        again = done.model_copy(update={"attempt": store.begin(RUN.id), **changes})
        store.finish(again)
    return store


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (None, "has no result yet"),
        ("diverged", "ended with diverged, which leaves no hashes"),
        ("oom", "ended with oom, which leaves no hashes"),
    ],
)
def test_a_run_without_hashes_is_refused(tmp_path: Path, wanted: Wanted, words: str) -> None:
    with pytest.raises(UserError, match=words):
        original(results(tmp_path, wanted), RUN.id)


@pytest.mark.parametrize("name", ["result.json", "spec.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    store = results(tmp_path)
    path = store.folder(RUN.id) / name
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=str(path)):
        original(store, RUN.id)


@pytest.mark.parametrize(
    ("gone", "words"), [("model", "its model is gone"), ("tokens", "makes them again")]
)
def test_inputs_that_are_gone_are_named(tmp_path: Path, gone: str, words: str) -> None:
    store = results(tmp_path)
    (tmp_path / gone).rmdir()
    with pytest.raises(UserError, match=f"{tmp_path / gone}") as caught:
        original(store, RUN.id)
    assert words in str(caught.value)


def test_a_run_is_repeated_with_the_micro_batch_that_really_applied(tmp_path: Path) -> None:
    found = original(results(tmp_path, effective={"micro_batch_size": 4}), RUN.id)
    assert found.conditions.micro_batch_size == 4
    assert found.run.spec == RUN.spec


def test_a_result_that_does_not_say_its_micro_batch_is_repeated_by_its_spec(tmp_path: Path) -> None:
    assert original(results(tmp_path), RUN.id).conditions.micro_batch_size is None


def test_the_servers_modules_are_those_of_the_encoder(tmp_path: Path) -> None:
    assert original(results(tmp_path), RUN.id).run.spec.model_type == "bert"


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsrun.execution.devices.cores", lambda: 4)


@pytest.mark.usefixtures("four_cores")
def test_a_run_gets_the_threads_and_the_kind_of_device_it_had(tmp_path: Path) -> None:
    found = original(results(tmp_path), RUN.id)
    assert [slot.kind for slot in slots_for([found], "auto", None)] == ["cpu"] * 4
    run = RUN.model_copy(
        update={"spec": RUN.spec.model_copy(update={"training": Training(threads=2)})}
    )
    wider = verify.Original(run, found.places, found.result)
    assert len(slots_for([found, wider], "auto", None)) == 2


def on_cuda(one: verify.Original) -> verify.Original:
    spec = one.run.spec.model_copy(update={"device": "cuda"})
    run = one.run.model_copy(update={"spec": spec})
    return verify.Original(run, one.places, one.result)


def test_another_kind_of_device_would_prove_nothing(tmp_path: Path) -> None:
    found = original(results(tmp_path), RUN.id)
    with pytest.raises(UserError, match="--device cpu: these runs were done on cuda"):
        slots_for([on_cuda(found)], "cpu", None)
    with pytest.raises(UserError, match="verify them apart"):
        slots_for([found, on_cuda(found)], "auto", None)
