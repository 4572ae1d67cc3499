"""Seconds, memory and state: what a method costs."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dpsrun.report.analysis.costs import cost_notes, costs
from dpsrun.report.formats.markdown import cost as costs_md
from dpsrun.report.formats.markdown import stability
from dpsrun.report.formats.spreadsheets import cost as costs_csv
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.tables import cost_table
from dpsrun.report.read import Report, choose, read
from dpsrun.runs.result import Timing
from tests.report.builder import Wanted, make_grid, make_run

MIB = 2**20
ABSENT: Mapping[str, Any] = {"timing": None, "peak_memory_bytes": {}, "method": {}}


def took(seconds: float, *, steps: int = 100, **facts: object) -> dict[str, Any]:
    """Describe a run that trained for so many seconds."""
    timing = Timing(total=9e9, startup=9.0, training=seconds, evaluation=9e9, steps=steps, tokens=1)
    return {"timing": timing, "method": {}, **facts}


def report_of(
    root: Path, ends: Mapping[tuple[str, str, int], tuple[Wanted, Mapping[str, object]]]
) -> Report:
    """Report runs given by label, method and seed."""
    runs = (
        (make_run(("rte", label, seed), method=method), wanted, facts)
        for (label, method, seed), (wanted, facts) in ends.items()
    )
    store = make_grid(root, runs)
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


STATE = {"effective": {"method_state_bytes": 10 * MIB}, "method": {"weights": 5 * MIB}}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Vanilla under another label, DPS Dense with state, and a run that ended early."""
    return report_of(
        tmp_path,
        {
            ("plain", "vanilla", 0): (0.6, took(10.0)),
            ("plain", "vanilla", 1): (0.6, took(12.0)),
            ("plain", "vanilla", 2): ("failed", took(50.0, peak_memory_bytes={"host": 3 * MIB})),
            ("dense", "dps-dense", 0): (0.7, took(18.0) | STATE),
            ("dense", "dps-dense", 1): ("error", took(1.0)),
            ("no dropout", "vanilla", 0): (0.7, ABSENT),
        },
    )


def test_the_seconds_of_a_step_are_the_median_of_the_runs_by_their_steps(report: Report) -> None:
    plain, dense, _ = costs(report)
    assert (plain.n, plain.seconds_per_step, plain.relative_seconds) == (3, 0.12, 1.0)
    assert (dense.n, dense.seconds_per_step) == (1, 0.18)
    assert dense.relative_seconds is not None
    assert math.isclose(dense.relative_seconds, 1.5)


def test_the_state_is_told_in_multiples_of_the_weights_that_the_method_acts_on(
    report: Report,
) -> None:
    assert costs(report)[1].method_state_bytes == 10 * MIB
    assert costs(report)[1].relative_state == 0.5  # 5 Mi weights of 4 bytes


def test_the_largest_peak_counts_and_the_devices_before_the_hosts(tmp_path: Path) -> None:
    report = report_of(
        tmp_path,
        {
            ("plain", "vanilla", 0): (0.6, {"peak_memory_bytes": {"host": 9, "device": 5}}),
            ("plain", "vanilla", 1): (0.6, {"peak_memory_bytes": {"host": 9, "device": 7}}),
        },
    )
    (cost,) = costs(report)
    assert (cost.memory, cost.peak_memory_bytes) == ("device", 7)


def test_what_older_results_do_not_tell_is_a_dash(report: Report) -> None:
    header, (plain, dense, old) = cost_table(costs(report))
    assert header[3:] == ["n", "s/step", "x vanilla", "peak memory", "method's state", "x weights"]
    assert plain[3:] == ["3", "0.12", "1.00", "3.0 MiB (host)", "—", "—"]
    assert dense[3:] == ["1", "0.18", "1.50", "0.1 MiB (host)", "10.0 MiB", "0.50"]
    assert old[3:] == ["1", "—", "—", "—", "—", "—"]


def test_without_vanilla_there_is_no_ratio(tmp_path: Path) -> None:
    (cost,) = costs(report_of(tmp_path, {("dense", "dps-dense", 0): (0.7, took(18.0))}))
    assert cost.relative_seconds is None


def test_seconds_of_several_machines_are_said_not_to_compare(tmp_path: Path) -> None:
    machines = [
        {"device_name": name, "device": "cpu", "threads": 1} for name in ("EPYC", "EPYC", "Xeon")
    ]
    ends = {
        ("plain", "vanilla", seed): (0.6, {"environment": machine})
        for seed, machine in enumerate(machines)
    }
    (note,) = cost_notes(report_of(tmp_path, ends))
    assert note.endswith("2 on EPYC (cpu, threads: 1); 1 on Xeon (cpu, threads: 1).")
    assert note in costs_md(report_of(tmp_path, ends))


def test_one_machine_needs_no_note(report: Report) -> None:
    assert list(cost_notes(report)) == []


def test_costs_are_files_of_their_own_so_that_equal_scores_make_equal_tables(
    report: Report,
) -> None:
    lines = list(csv.DictReader(costs_csv(numbers(report)["costs"]).splitlines()))
    assert [line["method"] for line in lines] == ["plain", "dense", "no dropout"]
    assert float(lines[1]["relative_seconds"]) == pytest.approx(1.5)
    assert lines[2]["seconds_per_step"] == ""
    assert "| rte | tiny | plain | 3 | 0.12 |" in costs_md(report)
    assert "s/step" not in stability(report)
