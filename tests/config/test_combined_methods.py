"""A grid file may name several methods as one."""

from __future__ import annotations

import pytest

from dpsrun.config.match import select
from tests.config.grids import faults, runs, small

BOTH = "{method: llrd+dps-dense, layer_decay: 0.9, drop_fraction: 0.4}"


def test_their_parameters_stand_side_by_side() -> None:
    (run,) = runs(small(methods=f"[{BOTH}]"))
    assert run.spec.method == run.labels.method == "llrd+dps-dense"
    assert (run.spec.params["layer_decay"], run.spec.params["drop_fraction"]) == (0.9, 0.4)
    assert run.id.startswith("rte-bert-2x16-llrd+dps-dense-s0-")


def test_the_order_in_which_they_are_written_does_not_make_another_run() -> None:
    (one,) = runs(small(methods=f"[{BOTH}]"))
    (other,) = runs(small(methods=f"[{BOTH.replace('llrd+dps-dense', 'dps-dense+llrd')}]"))
    assert one.id == other.id
    (fault,) = faults(small(methods="[llrd+dps-dense, dps-dense+llrd]"))
    assert "duplicate method label 'llrd+dps-dense'" in fault


def test_sweeps_and_overrides_reach_the_parameters_of_any_part() -> None:
    text = small(
        methods="[vanilla, llrd+dps-dense]",
        sweep="{params.layer_decay: [0.8, 0.9]}",
        overrides="[{match: {method: llrd+*}, params: {drop_fraction: 0.4}}]",
    )
    _, *swept = runs(text)
    assert [run.labels.method for run in swept] == [
        "llrd+dps-dense [layer_decay=0.8]",
        "llrd+dps-dense [layer_decay=0.9]",
    ]
    assert [run.spec.params["layer_decay"] for run in swept] == [0.8, 0.9]
    assert [run.spec.params["drop_fraction"] for run in swept] == [0.4, 0.4]


@pytest.mark.parametrize("pattern", ["llrd+dps-dense", "llrd+*", "*+dps-*"])
def test_they_can_be_picked_by_their_label(pattern: str) -> None:
    found = runs(small(methods=f"[vanilla, {BOTH}]"))
    assert select(found, [f"method={pattern}"]) == found[1:]


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ("[llrd+mixout+dps-dense]", "mixout and dps-dense cannot be combined: each of them masks"),
        ("[llrd+dps-dens]", "no method is called 'dps-dens': did you mean 'dps-dense'?"),
        ("[{method: llrd+dps-dense, kl_weight: 1}]", "llrd+dps-dense has no such parameter"),
        ("[{method: llrd+dps-dense, layer_decay: 2}]", "layer_decay: must be less than or equal"),
    ],
)
def test_mistakes_are_named_with_their_line(methods: str, words: str) -> None:
    (fault,) = faults(small(methods=methods))
    assert fault.startswith("3: methods[0]")
    assert words in fault
