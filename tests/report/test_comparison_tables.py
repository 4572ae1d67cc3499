"""How numbers beyond single cells are written."""

from __future__ import annotations

from dpsrun.report.analysis.noise import CellNoise
from dpsrun.report.analysis.sources import Sources
from dpsrun.report.formats.comparisons import noise_table, probability, source_table
from dpsrun.report.statistics.sources import Shares


def test_p_has_two_figures_and_is_never_nothing() -> None:
    values = (1.0, 0.25, 0.0625, 1 / 1024, 1e-4, 3e-5, None)
    written = ["1", "0.25", "0.062", "0.00098", "0.0001", "<0.0001", "—"]
    assert list(map(probability, values)) == written


def test_noise_and_sources_are_shown_times_100() -> None:
    place = ("full", "tiny", "vanilla", "rte")
    header, (line,) = noise_table([CellNoise(*place, 1043, 3, 3, 0.021, 0.0304, 0.0297)], ())
    assert dict(zip(header, line, strict=True)) == {
        "task": "rte",
        "model": "tiny",
        "method": "vanilla",
        "examples": "1,043",
        "runs": "3 of 3",
        "sd over seeds": "2.1",
        "se over examples (a run)": "3.0",
        "se over examples (the mean)": "3.0",
    }
    shares = Shares(init=0.25, order=0.5, rest=0.25, total_sd=0.031)
    header, (line,) = source_table([Sources(*place, 2, 3, shares)], {place[:3]})
    assert line[2] == "vanilla †"
    assert line[-5:] == ["2 x 3", "3.1", "25% (20%)", "50% (40%)", "25%"]
    assert len(set(header)) == len(header)
