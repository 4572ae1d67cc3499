"""The file of a checkpoint: whole or not there, read as it was written, never trusted blindly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from dpsrun.methods.hooks import Hooks, State
from dpsrun.runs.result import CODE
from dpsrun.training import checkpoint as module
from dpsrun.training.checkpoint import Checkpoint
from tests.encoders import save_tiny
from tests.training.builder import examples, loaded, loop


class Tied(nn.Module):
    """Two names for one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 2)
        self.second.weight = self.first.weight


def anything() -> State:
    """A state of all kinds of values."""
    row = torch.arange(6) > 2
    return {
        "tied": Tied().state_dict(),
        "parts of one row": dict(zip("ab", row.split([2, 4]), strict=True)),
        "transposed": torch.randn(2, 3).T,
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "nothing": torch.empty(0),
        "kinds": [torch.tensor([1], dtype=d) for d in (torch.uint8, torch.int32, torch.bfloat16)],
        "numbers": {"pi": 0.1 + 0.2, "inf": float("inf"), "count": 3, "yes": True, "none": None},
        "words": ["a", {"b": "c"}],
    }


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.fixture
def file(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoint.safetensors", "some-run")


def about(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as opened:
        return dict(opened.metadata())


def test_what_is_written_is_read_as_it_was(file: Checkpoint) -> None:
    state = anything()
    file.write(state, step=4)
    found = file.read()
    assert same(found, state)
    assert not same(found, anything())


def test_the_file_is_tensors_under_readable_names_and_json(file: Checkpoint) -> None:
    file.write({"model": {"head.weight": torch.ones(2)}, "step": 4}, step=4)
    with safe_open(file.path, framework="pt") as opened:
        assert opened.offset_keys() == ["model.head.weight"]
        found = dict(opened.metadata())
    assert found["run"] == "some-run"
    assert (found["code"], found["step"]) == (str(CODE), "4")
    assert json.loads(found["state"])["step"] == 4


def test_there_is_one_file_at_a_time_whoever_was_killed_while_writing(file: Checkpoint) -> None:
    draft = file.path.with_name(f".{file.path.name}.1a2b3c4d")
    draft.mkdir()
    (draft / ".tmp5e6f").write_text("half a checkp")
    for step in (4, 8):
        file.write(anything(), step=step)
    assert list(file.path.parent.iterdir()) == [file.path]
    assert about(file.path)["step"] == "8"


def test_no_file_is_no_checkpoint(file: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert file.read() is None
    assert capsys.readouterr().out == ""


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    path.write_text("this is no checkpoint at all")


def flip_in_a_tensor(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def flip_in_a_number(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"0.30000000000000004", b"0.30000000000000005"))


def turn_a_shape(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"shape":[3,2]', b'"shape":[2,3]'))


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [cut, empty, scribble, flip_in_a_tensor, flip_in_a_number, turn_a_shape, replace_by_a_folder],
)
def test_a_damaged_checkpoint_is_ignored_and_the_log_says_so(
    damage: Callable[[Path], None], file: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write(anything(), step=4)
    assert file.read() is not None
    damage(file.path)
    assert file.read() is None
    assert "the checkpoint is ignored" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["run", "code", "library"])
def test_a_foreign_checkpoint_is_ignored(
    what: str, file: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write(anything(), step=4)
    if what == "code":
        monkeypatch.setattr(module, "CODE", CODE + 1)
    if what == "library":
        monkeypatch.setattr(module, "version", lambda _: "0.0")
    run = "another-run" if what == "run" else file.run
    assert Checkpoint(file.path, run).read() is None


class Overflows(Hooks[Any]):
    """Has a loss in its second step whose scaled gradients overflow."""

    step = 0

    def loss(self, model: Any, batch: Any) -> Tensor:
        self.step += 1
        return super().loss(model, batch) * (1e36 if self.step == 2 else 1.0)


def test_the_loss_scale_and_skipped_steps_are_taken_up(tmp_path: Path, file: Checkpoint) -> None:
    folder, data = save_tiny(tmp_path / "encoder"), examples()
    one = loop(loaded(folder), data, precision="fp16", hooks=Overflows)
    for start in (0, 4, 8):
        one.take_step(range(start, start + 4))
    file.write(one.state_dict(), step=3)
    state = file.read()
    assert state is not None
    other = loop(loaded(folder), data, precision="fp16")
    other.load_state_dict(state)
    assert other.scaler.state_dict() == one.scaler.state_dict()
    assert (
        other.scaler.get_scale() < loop(loaded(folder), data, precision="fp16").scaler.get_scale()
    )
    assert (other.step, other.skipped) == (3, 1)
    for each in (one, other):
        each.take_step(range(12, 16))
    assert same(dict(one.model.state_dict()), dict(other.model.state_dict()))
