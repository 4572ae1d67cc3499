"""Grids that cross seeds of the head with seeds of the order, as Dodge et al. 2020 do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from dpsrun.report.analysis.sources import Sources, sources
from dpsrun.runs.spec import Run, Seeds
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, report_of

Ended = tuple[Run, Wanted, Mapping[str, object]]

SCORES = np.array([[0.61, 0.66], [0.52, 0.70], [0.58, 0.59]])
"""A row for each head, a column for each order."""

CROSSED: Mapping[tuple[int, int], Wanted] = {
    (head, order): float(SCORES[head, order]) for head in range(3) for order in range(2)
}


def run(head: int, order: int, noise: int = 0, task: str = "rte") -> Run:
    return make_run((task, "vanilla", 0), seeds=Seeds(init=head, order=order, noise=noise))


def store(root: Path, scores: Mapping[tuple[int, int], Wanted] = CROSSED) -> Store:
    return make_grid(root, ((run(*seeds), end, {}) for seeds, end in scores.items()))


def found(folder: Store) -> tuple[Sources, ...]:
    return sources(report_of(folder))


def test_crossed_seeds_part_the_variance(tmp_path: Path) -> None:
    """By the textbook: sums of squares between rows and between columns, by the total."""
    (parts,) = found(store(tmp_path))
    assert (parts.method, parts.task, parts.heads, parts.orders) == ("vanilla", "rte", 3, 2)
    total = ((SCORES - SCORES.mean()) ** 2).sum()
    heads = 2 * ((SCORES.mean(axis=1) - SCORES.mean()) ** 2).sum() / total
    orders = 3 * ((SCORES.mean(axis=0) - SCORES.mean()) ** 2).sum() / total
    assert (parts.shares.init, parts.shares.order) == pytest.approx((heads, orders))
    assert parts.shares.rest == pytest.approx(1 - heads - orders)
    assert parts.shares.total_sd == pytest.approx(SCORES.std(ddof=1))


def test_each_task_has_its_own_shares(tmp_path: Path) -> None:
    ends: list[Ended] = [
        (run(*seeds, task=task), score, {})
        for task in ("rte", "mrpc")
        for seeds, score in CROSSED.items()
        if task == "rte" or seeds[0] < 2
    ]
    both = found(make_grid(tmp_path, ends))
    assert [(each.task, each.heads, each.orders) for each in both] == [
        ("rte", 3, 2),
        ("mrpc", 2, 2),
    ]


@pytest.mark.parametrize("end", ["diverged", "oom", None])
def test_a_combination_without_a_score_leaves_nothing_to_part(tmp_path: Path, end: Wanted) -> None:
    assert found(store(tmp_path, {**CROSSED, (1, 1): end})) == ()


def test_seeds_that_move_together_cannot_be_told_apart(tmp_path: Path) -> None:
    assert found(store(tmp_path, {(0, 0): 0.6, (1, 1): 0.7, (2, 2): 0.5})) == ()


def test_a_combination_that_was_done_twice_is_no_plain_table(tmp_path: Path) -> None:
    ends: list[Ended] = [(run(*seeds), score, {}) for seeds, score in CROSSED.items()]
    assert found(make_grid(tmp_path, [*ends, (run(0, 0, noise=1), 0.64, {})])) == ()


def test_a_run_whose_seeds_are_lost_leaves_nothing_to_part(tmp_path: Path) -> None:
    folder = store(tmp_path)
    (folder.folder(run(1, 1).id) / "spec.json").unlink()
    assert found(folder) == ()
