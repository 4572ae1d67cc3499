"""Four streams of randomness: changing one leaves the others' draws as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dpsrun.models.load import load
from dpsrun.runs.spec import STREAMS, Seeds, Stream
from dpsrun.training.data import training_steps
from dpsrun.training.seeds import Streams
from tests.encoders import save_tiny

Draws = dict[str, object]


def draws(seeds: Seeds, folder: Path) -> Draws:
    """Draw from every stream as a run does, the streams' owners one after the other."""
    streams = Streams.of(seeds)
    one = load(
        folder,
        outputs=2,
        dropout=None,
        head_seed=streams.init_seed,
        batching="padded",
        device=torch.device("cpu"),
    )
    streams.seed_dropout()
    steps = training_steps(range(20), batch_size=8, total_steps=6, order=streams.order)
    return {
        "init": one.model.head_modules()[0].weight.tolist(),
        "order": [rows for _, rows, _ in steps],
        "noise": (torch.rand(4).tolist(), torch.rand(4, generator=streams.noise).tolist()),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path)


@pytest.mark.parametrize("stream", [stream for stream in STREAMS if stream != "subset"])
def test_changing_one_stream_leaves_the_others_alone(stream: Stream, folder: Path) -> None:
    before = draws(Seeds.all(3), folder)
    after = draws(Seeds.all(3).model_copy(update={stream: 4}), folder)
    assert {name for name in before if before[name] != after[name]} == {stream}


def test_the_same_seeds_draw_the_same(folder: Path) -> None:
    assert draws(Seeds.all(3), folder) == draws(Seeds.all(3), folder)


def test_streams_of_one_number_are_independent() -> None:
    streams = Streams.of(Seeds.all(0))
    first = [torch.rand(3, generator=g) for g in (streams.order, streams.noise, streams.head)]
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[1], first[2])


def test_whatever_a_method_draws_the_order_stays() -> None:
    quiet, greedy = Streams.of(Seeds.all(0)), Streams.of(Seeds.all(0))
    torch.rand(1000, generator=greedy.noise)
    orders = [
        list(training_steps(range(30), batch_size=4, total_steps=20, order=s.order))
        for s in (quiet, greedy)
    ]
    assert orders[0] == orders[1]
