"""A killed run goes on from its checkpoint bit for bit; a bad checkpoint costs only time."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from dpsrun.methods.vanilla.hooks import VanillaHooks
from dpsrun.training.checkpoint import Checkpoint
from dpsrun.training.finetune import FineTune
from tests.training.builder import CPU
from tests.training.runs import Inputs, attempt, killed_at, outcome
from tests.training.test_checkpoint_file import cut, flip_in_a_tensor

SWITCHES = {"freeze_masked": True, "exact_k": True, "head_init": "published"}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla": ("vanilla", {"dropout": 0.1}),
    "dense": ("dps-dense", {"update_ratio": 0.2}),
    "dense-switched": ("dps-dense", {"update_ratio": 0.2, "dropout": 0.1, **SWITCHES}),
    "mix": ("dps-mix", {"update_ratio": 0.2, "dropout": 0.1}),
    "mix-switched": ("dps-mix", {"update_ratio": 0.2, "rescale_backward": True, **SWITCHES}),
}
"""Stages of 3 steps: epochs of 4 end within stage II, within stage I, and with stage II."""


@pytest.fixture(scope="module")
def undisturbed(inputs: Inputs) -> Callable[[str], dict[str, Any]]:
    """What a run comes to that nobody kills and that keeps no checkpoint."""

    @cache
    def train(label: str) -> dict[str, Any]:
        return outcome(attempt(inputs.order(*METHODS[label]), inputs.cache, keep=False))

    return train


@pytest.fixture(scope="module")
def killed(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The checkpoint that a run of DPS Mix left when it was killed."""
    folder, order = tmp_path_factory.mktemp("killed"), inputs.order(*METHODS["mix"])
    attempt(order, folder, until=10)
    return Checkpoint(folder / "checkpoint.safetensors", order.id)


@pytest.mark.parametrize("label", METHODS)
@pytest.mark.parametrize("step", [5, 10, 16], ids="killed-at-{}".format)
def test_a_killed_run_goes_on_bit_for_bit(
    label: str, step: int, inputs: Inputs, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS[label])
    attempt(order, tmp_path, until=step)
    resumed = attempt(order, tmp_path)
    assert outcome(resumed) == undisturbed(label)
    assert resumed.resumed_at == ((step - 1) // 4 * 4,)


def test_what_goes_on_bit_for_bit_has_a_score_on_either_half_of_the_examples(
    undisturbed: Any,
) -> None:
    for evaluation in undisturbed("vanilla")["evaluations"]:
        first, second = evaluation.halves
        assert min(first, second) <= evaluation.primary <= max(first, second)


@pytest.mark.parametrize("label", ["vanilla", "mix"])
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
    part: str, inputs: Inputs, killed: Checkpoint, undisturbed: Any, tmp_path: Path
) -> None:
    order = inputs.order(*METHODS["mix"])
    state, fresh = killed.read(), FineTune(order, CPU, killed_at(None)).state_dict()
    assert state is not None
    *way, name = part.split(".")
    holder, source = state, fresh
    for key in way:
        holder, source = holder[key], source[key]
    assert holder.keys() == source.keys()
    holder[name] = source[name]
    Checkpoint(tmp_path / "checkpoint.safetensors", order.id).write(state, step=8)
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
    if kept is not None:
        with safe_open(path, framework="pt") as file:
            assert file.metadata()["step"] == kept


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
