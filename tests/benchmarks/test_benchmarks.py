"""Every benchmark gives its table at the smallest size; no figure is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks import (
    costs,
    latency,
    memory,
    methods,
    padding,
    peers,
    reporting,
    roofline,
    scaling,
    startup,
)
from benchmarks.contenders import CONTENDERS
from benchmarks.measure import Settings, Spread
from benchmarks.programs import OURS, PEERS
from benchmarks.scaling import Grown
from benchmarks.tables import Table
from benchmarks.workload import Workload
from dpsrun.methods.costs import NO_DROPOUT, VANILLA, Measurement
from dpsrun.methods.registry import BUILT_IN


def column(table: Table, name: str) -> list[object]:
    return [row[name] for row in table.rows]


def is_measured(cell: object) -> bool:
    return isinstance(cell, Spread) and 0 < cell.low <= cell.median <= cell.high


def numbers(cells: list[object]) -> list[float]:
    return [float(str(cell)) for cell in cells]


def test_methods_compares_ours_and_the_published_form_with_vanilla(quick: Settings) -> None:
    table = methods.measure(quick)
    assert column(table, "method") == [*CONTENDERS, *CONTENDERS[1:]]
    assert all(map(is_measured, column(table, "measured cycle")[: len(CONTENDERS)]))
    published = numbers(column(table, "published stages"))
    assert published[0] == 1  # vanilla over itself
    assert published[len(CONTENDERS) :] == pytest.approx(published[1 : len(CONTENDERS)])


def test_the_cost_of_a_long_cycle_is_computed_from_parts_of_short_ones() -> None:
    vanilla = [10.0, 20.0] * 6  # batches differ, the method costs 10 % and 30 % of each
    steps = [v * (1.1 if i % 6 < 3 else 1.3) for i, v in enumerate(vanilla)]
    steps[3] += 9.0
    steps[6] += 3.0
    cost = methods.Cost.of(steps, vanilla, us=3)
    assert cost.first == pytest.approx(1.1)
    assert cost.second == pytest.approx(1.3)
    assert cost.boundaries == pytest.approx(6.0 / 15)  # the median of the cycles' 9 and 3
    assert cost.cycle(80) == pytest.approx((80 * 2.4 + 0.4) / 160)


def test_published_stages_are_those_of_the_scripts() -> None:
    tasks = ("mini-cola", "mrpc", "rte", "mini-stsb")
    assert [methods.published_stage(task) for task in tasks] == [80, 34, 23, 54]


def test_memory_counts_what_a_method_keeps(quick: Settings) -> None:
    table = memory.measure(quick)
    assert column(table, "method") == ["vanilla", "dps-dense"]
    assert column(table, "state / weights") == [0, 1]  # one statistic a weight, in stage I
    assert all(peak > 100 for peak in numbers(column(table, "peak MiB")))


def test_costs_compares_every_built_in_method_with_vanilla(quick: Settings, tmp_path: Path) -> None:
    table = costs.measure(quick)
    rows = {str(row["method"]): row for row in table.rows}
    assert [*rows] == [VANILLA, NO_DROPOUT, *[spec.name for spec in BUILT_IN[1:]]]
    parts = [rows[VANILLA][name] for name in ("step", "trained", "state", "memory", "peak")]
    assert parts == [Spread(1, 1, 1), 1, 0, 1, 0]
    dropouts = [rows[name]["dropout"] for name in (VANILLA, NO_DROPOUT, "dps-dense")]
    assert dropouts == [0.1, 0, 0], "the encoder's own, none, and the rule of DPS"

    table.write(tmp_path, {})
    read = Measurement.model_validate_json((tmp_path / "costs.json").read_bytes())
    assert [cost.method for cost in read.rows] == [*rows]


def test_roofline_sets_steps_beside_their_products(quick: Settings) -> None:
    table = roofline.measure(quick)
    for name in ("seconds a step", "GFLOP/s", f"{roofline.COMPUTED} / step"):
        assert all(map(is_measured, column(table, name)))


def test_products_seen_in_a_step_are_those_of_its_layers() -> None:
    layers = [nn.Linear(5, 7), nn.Linear(7, 2)]
    inputs = torch.randn(3, 5, requires_grad=True)
    with roofline.Recorder() as recorder:
        nn.Sequential(*layers)(inputs).square().sum().backward()
    expected = [product for layer in layers for product in roofline.products_of(layer, 3)]
    assert sorted(map(layout, recorder.products)) == sorted(map(layout, expected))
    assert sum(map(roofline.operations, expected)) == 3 * 2 * 3 * (5 * 7 + 7 * 2)


def layout(product: roofline.Product) -> list[tuple[int, ...]]:
    left, right = product
    return [tuple(left.shape), tuple(right.shape), left.stride(), right.stride()]


def test_the_plain_model_takes_all_tokens_through_its_blocks(quick: Settings) -> None:
    work = Workload.of("mini-cola", quick)
    loaded, _ = work.load(dropout=0.0)
    rows = [left.shape[0] for left, _ in roofline.plain_products(loaded.model, 50, 4)[::3]]
    assert rows == [50] * 6 + [4] * 2  # one block; pooler and head


def test_products_are_done_with_what_lies_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[roofline.Product] = []

    def mm(left: Tensor, right: Tensor, *, out: Tensor) -> None:
        assert out.shape == (left @ right).shape
        done.append((left, right))

    batches = [roofline.products_of(nn.Linear(3, 2), rows) for rows in (4, 5)]
    multiply = roofline.multiplier(batches)
    monkeypatch.setattr(torch, "mm", mm)
    multiply(1)
    assert list(map(layout, done)) == list(map(layout, batches[1]))


def test_padding_compares_three_layouts_and_counts_padding_tokens(quick: Settings) -> None:
    table = padding.measure(quick)
    packed, dynamic, full = (float(str(share)) for share in column(table, "padding"))
    assert packed == 0 < dynamic < full < 1
    assert all(map(is_measured, column(table, "step / packed")))


def test_latency_times_every_command_beside_its_target(quick: Settings) -> None:
    table = latency.measure(quick)
    assert [str(cell).partition(":")[0] for cell in column(table, "target")] == [
        "None",
        "at most 0.3",
        "at most 2",
        "None",
        "at most 1.5",
    ]
    assert all(map(is_measured, column(table, "seconds")))


def test_startup_divides_the_wall_time_of_runs(quick: Settings) -> None:
    cells = column(startup.measure(quick), "seconds")
    assert all(map(is_measured, cells))
    whole, work, overhead, inside, outside = (
        cell.low + cell.high for cell in cells if isinstance(cell, Spread)
    )  # of two runs: their sums
    assert work + overhead == pytest.approx(whole)
    assert inside + outside == pytest.approx(overhead)


def test_a_grid_tells_its_time_and_the_memory_of_its_launcher(quick: Settings) -> None:
    grown = scaling.grow(replace(quick, data="somewhere"), 2)  # it takes a generated task
    assert grown.runs == 2
    assert 0 < grown.seconds < 60
    assert 20 < grown.peak_kib / 1024 < 300  # libraries for training are the runs' alone


def test_scaling_compares_with_the_smallest_grid() -> None:
    rows = scaling.rows_of([Grown(2, 9.0, 1000), Grown(4, 20.2, 1060), Grown(2, 11.0, 1000)])
    ratios = [row["a run / smallest grids'"] for row in rows]
    assert ratios == pytest.approx([0.9, 1.01, 1.1])
    assert rows[0]["time target"] is None
    assert rows[1]["time target"] == "at most 1.05: met"
    assert rows[1]["memory target"] == "at most 1.05: missed"


def test_peers_do_the_same_grid_to_the_same_losses(
    quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, *others = PEERS
    for name in others:  # they have a test of their own, without new processes
        monkeypatch.delitem(PEERS, name)
    table = peers.measure(quick)
    assert column(table, "program") == [OURS, loop, loop]
    assert column(table, "task")[-1] == "geometric mean"
    assert numbers(column(table, "losses differ by")[:2])[1] <= peers.SAME
    assert is_measured(column(table, "spread")[1])


def test_reporting_reports_copies_of_a_real_run(quick: Settings) -> None:
    (row,) = reporting.measure(quick).rows
    assert row["runs"] == "100"  # 4 tasks, vanilla and 2 x 2 settings of DPS Mix, 5 seeds
    assert is_measured(row["seconds"])
    assert is_measured(row["MiB"])
    assert str(row["time target"]).startswith("at most 6: ")
    assert str(row["memory target"]).startswith("at most 500: ")
