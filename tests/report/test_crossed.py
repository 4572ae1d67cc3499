"""Grids that cross heads with orders: their runs are no independent draws, and it is said."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.comparisons_page import comparisons
from dpsrun.report.formats.markdown import stability
from dpsrun.report.statistics.clusters import clusters, estimate
from dpsrun.runs.spec import Run, Seeds
from tests.report.builder import Wanted, make_grid, make_run, report_of

Ended = tuple[Run, Wanted, Mapping[str, object]]

CELLS = list(product(range(3), range(2)))
FIRST, SECOND = [0.61, 0.66, 0.52, 0.70, 0.58, 0.59], [0.66, 0.67, 0.53, 0.76, 0.61, 0.69]


@pytest.fixture
def found(tmp_path: Path) -> Findings:
    ends: list[Ended] = [
        (make_run(("rte", label, 0), seeds=Seeds(init=head, order=order)), score, {})
        for label, scores in (("vanilla", FIRST), ("dps", SECOND))
        for (head, order), score in zip(CELLS, scores, strict=True)
    ]
    store = make_grid(tmp_path, ends)
    return find(store, report_of(store), Wishes())


def test_the_error_of_a_cell_is_that_of_its_heads_and_orders(found: Findings) -> None:
    summary = found.report.main.rows[0].cells[0].summary
    expected = estimate(FIRST, clusters(CELLS))
    assert (summary.se, summary.low) == (expected.error, expected.interval.low)


def test_a_difference_is_judged_by_heads_and_orders(found: Findings) -> None:
    (compared,) = found.comparisons
    differences = [b - a for a, b in zip(FIRST, SECOND, strict=True)]
    assert compared.gain is not None
    assert compared.paired
    expected = estimate(differences, clusters(CELLS))
    assert compared.gain.difference.p == pytest.approx(expected.p)
    assert (compared.steadiness.interval, compared.steadiness.p) == (None, None)


def test_both_documents_say_so_and_name_no_smallest_p(found: Findings) -> None:
    for page in (stability(found.report), comparisons(found)):
        assert page.count("runs share seeds with some of the others and are not independent") == 1
    assert "cannot be significant" not in comparisons(found)


def test_seeds_that_no_runs_share_need_no_word(tmp_path: Path) -> None:
    ends: list[Ended] = [
        (make_run(("rte", "vanilla", seed)), 0.6 + seed / 10, {}) for seed in range(3)
    ]
    assert "share seeds" not in stability(report_of(make_grid(tmp_path, ends)))
