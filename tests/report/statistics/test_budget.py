"""Expected validation performance against brute force over all draws."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from dpsrun.report.statistics.budget import expected_best

SCORES = [0.61, 0.42, 0.7, 0.42, 0.66]


def test_with_replacement_it_is_the_mean_best_of_all_draws() -> None:
    for best in expected_best(SCORES):
        draws = [max(drawn) for drawn in product(SCORES, repeat=best.runs)]
        assert best.mean == pytest.approx(np.mean(draws))
        assert best.sd == pytest.approx(np.std(draws), abs=1e-12)


def test_without_replacement_it_is_the_mean_best_of_all_subsets() -> None:
    for best in expected_best(SCORES):
        subsets = [max(chosen) for chosen in combinations(SCORES, best.runs)]
        assert best.unbiased == pytest.approx(np.mean(subsets))


def test_one_run_gives_the_mean_and_no_budget_exceeds_the_runs() -> None:
    found = expected_best(SCORES)
    assert found[0].mean == found[0].unbiased == pytest.approx(np.mean(SCORES))
    assert [best.runs for best in found] == [1, 2, 3, 4, 5]
    assert found[-1].unbiased == max(SCORES)


def test_no_runs_have_no_best() -> None:
    assert expected_best([]) == []
