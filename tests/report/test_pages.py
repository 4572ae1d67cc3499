"""How panels are shared out to blocks and pages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.blocks import blocks
from dpsrun.report.figures.pages import Room, no_legend, pages
from dpsrun.report.figures.rows import in_rows


def panel(methods: Sequence[str], scenario: str = "full") -> Panel[int]:
    return Panel((scenario, "tiny"), "rte", tuple(methods), dict.fromkeys(methods, 1), "vanilla")


def test_what_does_not_fit_on_a_page_goes_on_on_the_next() -> None:
    sizes = [f"low-resource({size})" for size in range(100, 110)]
    panels = [panel(["vanilla"], size) for size in sizes]
    first, second = pages(blocks(panels, 7), Room(3, 2, "across"), {}, no_legend)
    headings = [[part.get_suptitle() for part in page.figure.subfigs] for page in (first, second)]
    assert headings == [sizes[:8], sizes[8:]]
    assert {page.figure.get_figwidth() for page in (first, second)} == {6.8}
    assert second.figure.get_figheight() < first.figure.get_figheight() <= 9


@pytest.mark.parametrize("label", ["score", "score,\nbest epoch\n(optimistic)"])
def test_rows_and_the_label_below_them_are_no_longer_than_a_page(label: str) -> None:
    for rows in range(40, 50):
        (page,) = in_rows([panel([f"m{number}" for number in range(rows)])], label, {})
        assert page.figure.get_figheight() < 9


def test_more_than_seven_methods_are_shared_out_evenly_each_time_with_the_reference() -> None:
    methods = [f"m{number}" for number in range(10)] + ["vanilla"] + ["m10", "m11"]
    shares = [block.methods for block in blocks([panel(methods)], 7, repeat=True)]
    assert shares == [
        ("vanilla", "m0", "m1", "m2", "m3", "m4", "m5"),
        ("vanilla", "m6", "m7", "m8", "m9", "m10", "m11"),
    ]


def test_seven_methods_stay_together_and_a_place_alone_needs_no_heading() -> None:
    (block,) = blocks([panel("abcdefg")], 7, repeat=True)
    assert block.methods == tuple("abcdefg")
    assert block.heading == ""
