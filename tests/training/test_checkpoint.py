"""A killed run goes on from its checkpoint bit for bit; a bad checkpoint costs only time."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from dpsrun.methods.hooks import Hooks, State
from dpsrun.methods.vanilla.hooks import VanillaHooks
from dpsrun.runs.result import CODE
from dpsrun.training import checkpoint as module
from dpsrun.training.checkpoint import Checkpoint
from dpsrun.training.finetune import FineTune
from tests.encoders import save_tiny
from tests.training.builder import CPU, examples, loaded, loop
from tests.training.runs import Inputs, attempt, killed_at, outcome

SWITCHES = {"freeze_masked": True, "exact_k": True, "head_init": "published"}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla": ("vanilla", {"dropout": 0.1}),
    "dense": ("dps-dense", {"update_ratio": 0.2}),
    "dense-switched": ("dps-dense", {"update_ratio": 0.2, "dropout": 0.1, **SWITCHES}),
    "mix": ("dps-mix", {"update_ratio": 0.2, "dropout": 0.1}),
    "mix-switched": ("dps-mix", {"update_ratio": 0.2, "rescale_backward": True, **SWITCHES}),
}
"""Stages of 3 steps: epochs of 4 end within stage II, within stage I, and with stage II."""

ALL = pytest.mark.parametrize("label", METHODS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return Inputs.make(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(autouse=True)
def _cache(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPSRUN_CACHE", str(inputs.cache))


@pytest.fixture(scope="module")
def undisturbed(inputs: Inputs) -> Callable[[str], dict[str, Any]]:
    """What a run comes to that nobody kills and that keeps no checkpoint."""

    @cache
    def train(label: str) -> dict[str, Any]:
        return outcome(attempt(inputs.order(*METHODS[label]), inputs.cache, keep=False))

    return train


@ALL
@pytest.mark.parametrize("step", [5, 10, 16], ids="killed-at-{}".format)
def test_a_killed_run_goes_on_bit_for_bit(
    label: str, step: int, inputs: Inputs, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS[label])
    attempt(order, tmp_path, until=step)
    resumed = attempt(order, tmp_path)
    assert outcome(resumed) == undisturbed(label)
    assert resumed.resumed_at == ((step - 1) // 4 * 4,)


@ALL
def test_a_run_killed_again_and_again_goes_on_bit_for_bit(
    label: str, inputs: Inputs, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS[label])
    attempt(order, tmp_path, until=7)
    attempt(order, tmp_path, until=9)
    again = attempt(order, tmp_path, until=11)
    assert again.resumed_at == (4, 8)
    last = attempt(order, tmp_path, keep=False)
    assert last.resumed_at == (4, 8)
    assert outcome(last) == undisturbed(label)


@pytest.mark.parametrize(
    "part",
    [
        "loop.model",
        "loop.optimiser.state",
        "loop.optimiser.param_groups",
        "loop.schedule",
        "loop.method",
        "loop.steps",
        "streams.order",
        "streams.cpu",
        "evaluations",
        "outputs",
        "curve",
        "order_hash",
    ],
)
def test_without_any_part_of_a_checkpoint_a_run_would_come_out_otherwise(
    part: str, inputs: Inputs, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS["mix"])
    attempt(order, tmp_path, until=10)
    checkpoint = Checkpoint(tmp_path / "checkpoint.safetensors", order.id)
    state, fresh = checkpoint.read(), FineTune(order, CPU, killed_at(None)).state_dict()
    assert state is not None
    *way, name = part.split(".")
    holder, source = state, fresh
    for key in way:
        holder, source = holder[key], source[key]
    assert holder.keys() == source.keys()
    holder[name] = source[name]
    checkpoint.write(state, step=8)
    assert outcome(attempt(order, tmp_path)) != undisturbed("mix")


def test_micro_batches_change_nothing_about_that(inputs: Inputs, tmp_path: Path) -> None:
    order = inputs.order(*METHODS["mix"], micro_batch_size=3)
    attempt(order, tmp_path, until=10)
    resumed = attempt(order, tmp_path)
    assert outcome(resumed) == outcome(attempt(order, tmp_path / "another", keep=False))
    assert resumed.resumed_at == (8,)


@pytest.mark.parametrize(("steps", "kept"), [(10, "8"), (8, "4"), (3, None)])
def test_a_checkpoint_is_kept_at_the_end_of_whole_epochs_but_the_last(
    steps: int, kept: str | None, inputs: Inputs, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS["vanilla"], max_steps=steps)
    attempt(order, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    assert path.exists() == (kept is not None)
    assert kept is None or about(path)["step"] == kept


def test_a_run_that_ends_within_an_epoch_goes_on_bit_for_bit(
    inputs: Inputs, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS["dense"], max_steps=10)
    attempt(order, tmp_path, until=9)
    resumed = attempt(order, tmp_path)
    assert outcome(resumed) == outcome(attempt(order, tmp_path / "another", keep=False))


def test_none_is_written_unless_asked_for(inputs: Inputs, tmp_path: Path) -> None:
    attempt(inputs.order(), tmp_path, keep=False)
    assert list(tmp_path.iterdir()) == []


def test_the_times_of_all_that_counts_are_added_up(inputs: Inputs, tmp_path: Path) -> None:
    order = inputs.order()
    attempt(order, tmp_path, until=10)
    state = Checkpoint(tmp_path / "checkpoint.safetensors", order.id).read()
    assert state is not None
    timing = attempt(order, tmp_path).timing().model_dump()
    assert all(0 < spent < timing[part] for part, spent in state["seconds"].items())
    assert timing["total"] > timing["startup"] + timing["training"] + timing["evaluation"]


# --- The file ---


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


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file become larger than 32 kB; the kernel refuses it in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("little_room")
def test_a_disk_that_refuses_a_checkpoint_costs_nothing_else(
    inputs: Inputs, undisturbed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tune = attempt(inputs.order(*METHODS["vanilla"]), tmp_path)
    assert outcome(tune) == undisturbed("vanilla")
    assert "no checkpoint after step 4" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


# --- A run and a checkpoint that do not go together ---


@pytest.mark.parametrize("damage", [cut, flip_in_a_tensor])
def test_a_run_whose_checkpoint_is_damaged_begins_anew(
    damage: Callable[[Path], None], inputs: Inputs, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS["mix"])
    attempt(order, tmp_path, until=10)
    damage(tmp_path / "checkpoint.safetensors")
    tune = attempt(order, tmp_path)
    assert outcome(tune) == undisturbed("mix")
    assert tune.resumed_at == ()


class Forgetful(VanillaHooks):
    """Does not know its own state any more, and finds out late."""

    def load_state_dict(self, state: Any) -> None:
        raise LookupError("what is this?")


def test_a_state_that_a_method_does_not_know_any_more_is_ignored(
    inputs: Inputs,
    undisturbed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = inputs.order(*METHODS["vanilla"])
    attempt(order, tmp_path, until=10)
    monkeypatch.setattr("dpsrun.methods.registry.load_hooks", lambda _: Forgetful)
    tune = attempt(order, tmp_path)
    assert outcome(tune) == undisturbed("vanilla")
    assert tune.resumed_at == ()
    assert "it does not fit: LookupError('what is this?')" in capsys.readouterr().out


# --- fp16 ---


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
