"""Figures of methods beside each other show every number that they are given, and fit a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure, FigureBase
from matplotlib.text import Annotation, Text
from matplotlib.transforms import BboxBase

from dpsrun.report.aggregate import Cell, Column, Counts, summarise
from dpsrun.report.analysis.budget import Budget
from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.measures import gain_of_groups, gain_of_pairs, steadiness
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.selection import Choice, Selections
from dpsrun.report.analysis.tradeoff import Deal
from dpsrun.report.figures import budget, cost, differences, distribution, selection, training
from dpsrun.report.figures.cost import apart
from dpsrun.report.figures.legend import wrapped
from dpsrun.report.figures.marks import with_marks
from dpsrun.report.figures.style import styled
from dpsrun.report.statistics.budget import expected_best
from dpsrun.report.statistics.interval import t_interval

T = TypeVar("T")

METHODS = ("vanilla", "dps-mix", "bitfit")
SCORES = (0.6, 0.7, 0.5, 0.8)
LONG = "dps-dense [drop_fraction=0.1 update_ratio=0.05]"


def panel(of: Mapping[str, T], task: str = "rte", scenario: str = "full", **facts: Any) -> Panel[T]:
    facts = {"reference": "vanilla"} | facts
    return Panel((scenario, "tiny"), task, tuple(of), of, **facts)


def cell(*scores: float, failed: Sequence[int] = (), expected: int = 0) -> Cell:
    by_seed = {f"s{seed}": score for seed, score in enumerate(scores)}
    counts = Counts(failed=tuple(f"s{seed}" for seed in failed))
    summary = summarise(scores)
    asked = expected or len(scores)
    return Cell(Column("rte", "rte"), asked, asked, by_seed, summary, summary, counts)


def epochs(*scores: Sequence[float]) -> dict[int, Any]:
    return {epoch: summarise(found) for epoch, found in enumerate(scores, start=1)}


def budget_of(*scores: float) -> Budget:
    return Budget(tuple(expected_best(scores)), min(scores), max(scores), len(scores))


def compared(first: Sequence[float], second: Sequence[float], *, paired: bool = True) -> Comparison:
    gain = (gain_of_pairs if paired else gain_of_groups)(first, second, bootstrap=False)
    return Comparison(
        scenario="full",
        model="tiny",
        method="dps",
        reference="vanilla",
        task="rte",
        paired=paired,
        seeds=tuple(f"s{seed}" for seed in range(len(first))) if paired else (),
        first=tuple(first),
        second=tuple(second),
        left_out=0,
        gain=gain,
        steadiness=steadiness(first, second, paired=paired),
        adjusted_p=None,
        failures=None,
    )


def selected(*kept: float) -> Selections:
    choices = tuple(
        Choice(number / 10, share, share / 10 if number else None)
        for number, share in enumerate(kept)
    )
    return Selections((choices, choices), choices)


EACH: dict[str, tuple[Callable[[Any], list[Figure]], object]] = {
    "distribution": (
        partial(distribution.draw, selection="best"),
        cell(*SCORES, failed=[2], expected=5),
    ),
    "training": (training.draw, epochs((0.3, 0.4), (0.5, 0.7))),
    "differences": (
        partial(differences.draw, selection="best"),
        compared(SCORES, (0.5, 0.5, 0.5, 0.5)),
    ),
    "budget": (partial(budget.draw, selection="best"), budget_of(*SCORES)),
    "selection": (selection.draw, selected(0.5, 0.6, 0.7)),
    "cost": (partial(cost.draw, selection="best"), Deal(1.2, summarise(SCORES))),
}
"""Each figure, and something that it can show of a method."""


def axes_of(figures: Sequence[Figure]) -> list[Axes]:
    return [ax for figure in figures for ax in figure.axes]


def parts(figure: Figure) -> list[FigureBase]:
    return [figure, *figure.subfigs]


def legend(figure: Figure) -> list[str]:
    legends = [found for part in parts(figure) for found in part.legends]
    return [text.get_text() for found in legends for text in found.get_texts()]


def rows(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def dots(ax: Axes) -> list[list[list[float]]]:
    found = [each for each in ax.collections if isinstance(each, PathCollection)]
    return [np.asarray(each.get_offsets()).tolist() for each in found]


def bars(ax: Axes) -> list[list[float]]:
    """Give where the horizontal or vertical strokes of an axes begin and end."""
    strokes = [s for c in ax.collections if isinstance(c, LineCollection) for s in c.get_segments()]
    return [np.asarray(stroke)[:, 0].tolist() for stroke in strokes]


@pytest.mark.parametrize("name", EACH)
def test_of_nothing_there_is_no_figure(name: str) -> None:
    draw, _ = EACH[name]
    assert draw(()) == []


@pytest.mark.parametrize("name", ["distribution", "training", "differences", "budget", "cost"])
def test_no_word_leaves_the_page_however_long_the_names_are(name: str) -> None:
    draw, shown = EACH[name]
    methods = ["vanilla", LONG, "child-tuning-d", "dps-mix+mixout", "top-k-layers"]
    (figure,) = draw([panel(dict.fromkeys(methods, shown))])
    styled(figure.draw_without_rendering)()
    texts = (text for text in figure.findobj(Text) if re.search("[a-z]", text.get_text()))
    boxes = {text.get_text(): text.get_window_extent() for text in texts}
    assert wrapped(LONG) in boxes
    assert {words for words, box in boxes.items() if not inside(box, figure.bbox)} == set()


def inside(box: BboxBase, page: BboxBase) -> bool:
    """Say whether a box lies on a page, but for a pixel."""
    across = page.x0 - 1 < box.x0 <= box.x1 < page.x1 + 1
    return across and page.y0 - 1 < box.y0 <= box.y1 < page.y1 + 1


@pytest.mark.parametrize("name", EACH)
def test_a_panel_alone_is_as_wide_as_a_column(name: str) -> None:
    draw, shown = EACH[name]
    (figure,) = draw([panel(dict.fromkeys(METHODS, shown))])
    assert figure.get_figwidth() == 3.3
    assert figure.axes[0].get_title() == "rte"


def test_a_distribution_has_a_point_for_each_seed_and_another_for_a_degenerate_run() -> None:
    shown = {"vanilla": cell(*SCORES), "dps-mix": cell(0.7, 0.5, failed=[1], expected=3)}
    figures = distribution.draw([panel(shown, chance=0.5)], "last")
    (ax,) = axes_of(figures)
    seeds, failed = dots(ax)
    assert rows(ax) == ["vanilla", "dps-mix"]
    assert [x for x, _ in seeds] == pytest.approx([60, 70, 50, 80, 70])
    assert [x for x, _ in failed] == pytest.approx([50])
    assert [round(y) for _, y in seeds] == [0, 0, 0, 0, 1]
    assert seeds[1][1] + 1 == pytest.approx(failed[0][1])  # the same seed at the same height
    assert [text.get_text() for text in ax.texts] == ["2/3"]
    assert ax.lines[0].get_xdata() == [50, 50]
    assert legend(figures[0]) == [
        "seed",
        "failed run",
        "median",
        "constant guess",
        "2/3: runs with a score",
    ]


def test_five_scores_have_quartiles_and_fewer_only_a_median() -> None:
    shown = {"vanilla": cell(0.1, 0.2, 0.3, 0.4, 0.5), "dps-mix": cell(0.1, 0.2)}
    (ax,) = axes_of(distribution.draw([panel(shown)], "last"))
    boxes = [box.get_window_extent().transformed(ax.transData.inverted()) for box in ax.patches]
    assert [(box.x0, box.x1) for box in boxes] == [pytest.approx((20, 40))]
    assert bars(ax) == [pytest.approx([30, 30]), pytest.approx([15, 15])]


def test_the_outermost_scores_have_room_for_whole_marks_where_boxes_end_there() -> None:
    stuck = cell(0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9, failed=[0, 1, 2, 3])
    (figure,) = distribution.draw([panel({"vanilla": stuck})], "last")
    styled(figure.draw_without_rendering)()
    (ax,) = figure.axes
    marks = ax.transData.transform([point for kind in dots(ax) for point in kind])[:, 0]
    radius = np.sqrt(distribution.FAILED["s"]) / 2 * figure.dpi / 72
    assert ax.bbox.x0 + radius < min(marks) < max(marks) < ax.bbox.x1 - radius


def test_differences_show_each_pair_their_mean_and_its_interval() -> None:
    first, second = (0.7, 0.8, 0.9), (0.6, 0.6, 0.6)
    figures = differences.draw([panel({"dps": compared(first, second)})], "last")
    (ax,) = axes_of(figures)
    zero, mean, pairs = ax.lines
    interval = t_interval((0.1, 0.2, 0.3))
    assert interval is not None
    assert zero.get_xdata() == [0, 0]
    assert list(np.asarray(mean.get_xdata())) == [pytest.approx(20)]
    assert np.asarray(pairs.get_xdata()) == pytest.approx([10, 20, 30])
    assert bars(ax) == [pytest.approx([100 * interval.low, 100 * interval.high])]
    assert legend(figures[0]) == ["seed, minus vanilla", "mean, 95 % interval"]


def test_what_cannot_be_paired_has_a_mark_of_its_own_and_no_points() -> None:
    unpaired = compared((0.7, 0.8), (0.5, 0.6, 0.6), paired=False)
    figures = differences.draw(
        [panel({"dps": compared(SCORES, SCORES), "mixout": unpaired})], "last"
    )
    (ax,) = axes_of(figures)
    markers = [line.get_marker() for line in ax.lines[1:]]
    assert markers == ["D", "o", "s"]
    assert len(bars(ax)) == 2
    assert legend(figures[0])[-1] == "mean, 95 % interval, not\npaired"


@pytest.mark.parametrize("name", EACH)
def test_what_differs_in_more_than_the_method_is_marked_and_the_mark_explained(name: str) -> None:
    draw, shown = EACH[name]
    plain = [panel(dict.fromkeys(METHODS, shown))]
    assert not any("†" in words for words in said(draw(plain)))
    words = said(
        draw(with_marks(plain, [("full", "tiny", "bitfit"), ("full", "other", "dps-mix")]))
    )
    assert {"bitfit †", "dps-mix", "† not comparable"} <= words


def said(figures: Sequence[Figure]) -> set[str]:
    """Give every text of figures."""
    return {text.get_text() for figure in figures for text in figure.findobj(Text)}


def band(ax: Axes, number: int) -> tuple[float, float]:
    """Give the lowest and the highest point of a band."""
    heights = np.asarray(ax.collections[number].get_paths()[0].vertices)[:, 1]
    return heights.min(), heights.max()


def test_a_training_is_a_line_of_means_in_a_band_of_one_deviation() -> None:
    shown = {"vanilla": epochs((0.3, 0.5), (0.6, 0.8)), "dps-mix": epochs((0.2,), (0.7,))}
    figures = training.draw([panel(shown)])
    (ax,) = axes_of(figures)
    vanilla, mix = ax.lines
    assert np.asarray(vanilla.get_xydata()) == pytest.approx(np.array([[1, 40], [2, 70]]))
    assert np.asarray(mix.get_ydata()) == pytest.approx([20, 70])
    assert band(ax, 0) == pytest.approx((40 - 10 * 2**0.5, 70 + 10 * 2**0.5))
    assert vanilla.get_color() == "0.6"
    assert legend(figures[0]) == ["vanilla", "dps-mix", "± sample standard deviation"]


def test_many_trainings_are_drawn_in_panels_of_at_most_seven_lines() -> None:
    shown = epochs((0.3,), (0.6,))
    methods = ["vanilla", *(f"m{number}" for number in range(13))]
    axes = axes_of(training.draw([panel(dict.fromkeys(methods, shown))]))
    assert [len(ax.lines) for ax in axes] == [6, 6, 4]
    assert {ax.lines[0].get_color() for ax in axes} == {"0.6"}


def test_a_budget_has_both_estimates_for_no_more_runs_than_there_are() -> None:
    scores = (0.5, 0.6, 0.9)
    (ax,) = axes_of(budget.draw([panel({"dps": budget_of(*scores)})], "last"))
    unbiased, biased = ax.lines
    assert list(np.asarray(biased.get_xdata())) == [1, 2, 3]
    expected = expected_best(scores)
    assert np.asarray(biased.get_ydata()) == pytest.approx([100 * best.mean for best in expected])
    assert np.asarray(unbiased.get_ydata())[-1] == pytest.approx(90)
    assert unbiased.get_linestyle() == "--"
    assert band(ax, 0) == pytest.approx((50, 90), abs=0.1)
    assert min(band(ax, 0)) >= 50
    assert max(band(ax, 0)) <= 90


def test_selections_are_shown_seed_by_seed_and_as_mean_in_two_panels() -> None:
    figures = selection.draw([panel({"dps-dense": selected(0.5, 0.6)})])
    kept, turnover = axes_of(figures)
    assert len(kept.lines) == len(turnover.lines) == 3
    mean = kept.lines[-1]
    assert np.asarray(mean.get_xydata()) == pytest.approx(np.array([[0, 50], [10, 60]]))
    assert np.asarray(turnover.lines[-1].get_xydata()) == pytest.approx(np.array([[10, 6]]))


def test_a_panel_of_selections_has_room_for_the_highest_line() -> None:
    low, high = selected(0.5, 0.2), selected(0.5, 0.9)
    _, turnover = axes_of(selection.draw([panel({"dps-dense": low, "dps-mix": high})]))
    highest = max(y for line in turnover.lines for _, y in np.asarray(line.get_xydata()))
    assert turnover.get_ylim()[1] > highest


def test_a_cost_is_a_point_with_a_bar_and_the_name_of_its_method() -> None:
    shown = {"vanilla": Deal(1.0, summarise((0.5, 0.7))), "dps-mix": Deal(1.3, summarise((0.8,)))}
    (ax,) = axes_of(cost.draw([panel(shown)], "last"))
    assert [text.get_text() for text in ax.texts] == ["vanilla", "dps-mix"]
    points = [text.xy for text in ax.texts if isinstance(text, Annotation)]
    assert points == [pytest.approx((1, 60)), pytest.approx((1.3, 80))]
    (bar,) = (each for each in ax.collections if isinstance(each, LineCollection))
    assert np.asarray(bar.get_segments())[0][:, 1] == pytest.approx(
        [60 - 10 * 2**0.5, 60 + 10 * 2**0.5]
    )


def test_names_that_are_too_close_are_moved_apart_in_their_order_and_stay_beside_the_axes() -> None:
    places = apart({"c": 0.98, "a": 0.5, "b": 0.5, "d": 0.97}, 0.1)
    assert list(places) == ["a", "b", "d", "c"]
    assert list(places.values()) == pytest.approx([0.5, 0.6, 0.85, 0.95])
    assert apart({"a": 0.3}, 0.1) == {"a": 0.3}
