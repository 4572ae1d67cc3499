"""Figures show the numbers of the tables, and are the same bytes each time."""

from __future__ import annotations

import io
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.report import drawing
from dpsrun.report.aggregate import Selection
from dpsrun.report.analysis.ablation import ablations
from dpsrun.report.analysis.sizes import panels
from dpsrun.report.figures import curve, heatmap
from dpsrun.report.figures.style import look, save, styled, unknown_letters
from dpsrun.report.findings import Wishes, find
from dpsrun.report.produce import produce
from dpsrun.report.read import Report
from dpsrun.runs.result import Evaluation
from dpsrun.runs.spec import Run
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, report_of

NAMES = [
    "learning-curve",
    "heatmap-dps-dense",
    "distribution",
    "training",
    "differences",
    "score-by-cost",
]

SCORES: dict[tuple[str, str, int], Wanted] = {
    ("vanilla", "low-resource(100)", 0): 0.5,
    ("vanilla", "low-resource(100)", 1): 0.7,
    ("vanilla", "full", 0): 0.8,
    ("vanilla", "full", 1): 0.8,
    ("dps-mix", "low-resource(100)", 0): 0.9,
    ("dps-mix", "full", 0): "diverged",
}
"""Method, scenario and seed -> how the run ended."""

CROSSED: dict[tuple[float, float, int], Wanted] = {
    (0.1, 0.05, 0): 0.6,
    (0.1, 0.05, 1): 0.8,
    (0.1, 0.1, 0): "failed",
    (0.3, 0.05, 0): "diverged",
    (0.3, 0.1, 0): 0.9,
}
"""Drop fraction, update ratio and seed -> how the run ended."""


EPOCH = Evaluation(epoch=1, step=6, metrics={}, primary=0.6, train_loss=None, halves=(0.5, 0.7))
SEEDS = (0, 1, 2)


def sized(method: str, scenario: str, seed: int) -> Run:
    """Describe a run on all 2,490 examples or on 100 of them."""
    examples = 2490 if scenario == "full" else 100
    return make_run(("rte", method, seed), scenario=scenario, train_examples=examples)


def swept(rate: float, ratio: float, seed: int) -> Run:
    """Describe a run of DPS Dense on all examples."""
    return make_run(
        ("rte", f"dps-dense {rate} {ratio}", seed),
        method="dps-dense",
        params={"label": "", "drop_fraction": rate, "update_ratio": ratio},
        train_examples=2490,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A grid with two sizes of a task, and two settings of DPS Dense on the full one."""
    runs = [(sized(*key), wanted) for key, wanted in SCORES.items()]
    runs += [(swept(*key), wanted) for key, wanted in CROSSED.items()]
    return make_grid(tmp_path_factory.mktemp("drawn"), ((*run, {}) for run in runs))


@pytest.fixture(scope="module")
def report(store: Store) -> Report:
    return report_of(store)


def picture(figure: Figure) -> bytes:
    """Give the bytes of a figure as SVG."""
    file = io.BytesIO()
    styled(figure.savefig)(file, format="svg", metadata={"Date": None})
    return file.getvalue()


@pytest.fixture(scope="module")
def drawn(store: Store, report: Report) -> dict[str, bytes]:
    """The figures of the grid."""
    return pictures(store, report)


def pictures(store: Store, report: Report) -> dict[str, bytes]:
    found = find(store, report, Wishes(bootstrap=False))
    return {name: picture(figure) for name, figure in drawing.draw(found)}


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three seeds of each row, all with a held-out score; what every figure of scores shows."""
    sizes, settings = ("low-resource(100)", "full"), {key[:2] for key in CROSSED}
    runs = [sized("vanilla", size, seed) for size in sizes for seed in SEEDS]
    runs += [swept(*setting, seed) for setting in sorted(settings) for seed in SEEDS]
    facts = {"evaluations": (EPOCH,)}
    return make_grid(tmp_path_factory.mktemp("halved"), ((run, 0.6, facts) for run in runs))


@pytest.fixture
def one(tmp_path: Path) -> Store:
    """A grid of a single run, of one epoch: it has one figure."""
    return make_grid(tmp_path, [(sized("vanilla", "full", 0), 0.6, {"evaluations": (EPOCH,)})])


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_curve_goes_through_the_means_and_shows_band_seeds_and_guess(report: Report) -> None:
    figure = curve.draw(panels(report))
    (ax,) = figure.axes
    vanilla, mix, *_, guess = (np.asarray(line.get_xydata()).tolist() for line in ax.lines)
    band, dots = ax.collections[:2]
    edges = np.asarray(band.get_paths()[0].vertices)[:, 1]
    assert ax.get_title() == "rte"
    assert vanilla == [[100, 60], [2490, 80]]
    assert mix == [[100, 90]]
    assert {score for _, score in guess} == {50}
    assert edges.min() == pytest.approx(60 - 10 * 2**0.5)  # two seeds, 20 points apart
    assert sorted(np.asarray(dots.get_offsets()).tolist()) == [
        [100, 50],
        [100, 70],
        [2490, 80],
        [2490, 80],
    ]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100", "2,490"]
    assert legend(figure)[:2] == ["vanilla", "dps-mix"]
    assert legend(figure)[-1] == "constant guess"


def test_lines_differ_in_colour_marker_and_stroke() -> None:
    for differs in ("color", "marker"):
        assert len({getattr(look(number), differs) for number in range(7)}) == 7
    assert len({look(number) for number in range(28)}) == 28
    assert look(0).linestyle != look(1).linestyle


def test_a_heat_map_has_the_numbers_in_its_cells(report: Report) -> None:
    (found,) = ablations(report)
    figure = heatmap.draw(found)
    (ax,) = figure.axes
    assert words(ax) == ["70.0\n± 14.1", "50.0\n1 failed", "—\n1 diverged", "90.0"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("update_ratio", "drop_fraction")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.05", "0.1"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.1", "0.3"]
    shades = ax.images[0].get_array()
    assert shades is not None
    assert np.ma.getmaskarray(shades).tolist() == [[False, False], [True, False]]
    assert "vanilla: rte 80.0 ± 0.0 (n=2)" in figure.get_supxlabel()


def test_runs_that_are_all_to_be_done_are_drawn_as_nothing(tmp_path: Path) -> None:
    runs = [sized("vanilla", scenario, 0) for scenario in ("low-resource(100)", "full")]
    runs += [swept(*key) for key in CROSSED]
    store = make_grid(tmp_path, ((run, None, {}) for run in runs))
    report = report_of(store)
    assert curve.draw(panels(report)).axes[0].lines[:] == []
    assert words(heatmap.draw(ablations(report)[0]).axes[0])[1:] == ["—\nn=0 of 1"] * 3


def test_the_figures_are_the_same_bytes_twice(
    store: Store, report: Report, drawn: dict[str, bytes]
) -> None:
    assert list(drawn) == NAMES
    assert pictures(store, report_of(store)) == drawn


def test_a_figure_is_two_files_and_these_are_the_same_bytes_twice(
    report: Report, tmp_path: Path
) -> None:
    (found,) = ablations(report)
    files = [save(heatmap.draw(found), tmp_path / name) for name in ("first", "second")]
    first, second = ([path.read_bytes() for path in paths] for paths in files)
    assert first == second
    assert {path.name for path in tmp_path.iterdir()} == {
        "first.png",
        "first.svg",
        "second.png",
        "second.svg",
    }


def test_letters_that_the_font_lacks_are_one_note(tmp_path: Path) -> None:
    ends: list[tuple[Run, Wanted, dict[str, object]]] = [
        (make_run(("rte", name, 0)), 0.6, {}) for name in ("vanilla", "日本🦀", "本")
    ]
    ended = CliRunner().invoke(app, ["report", str(make_grid(tmp_path, ends).root)])
    assert ended.exit_code == 0
    (note,) = [line for line in ended.stdout.splitlines() if "boxes" in line]
    assert note == "figures have boxes for letters that the font of matplotlib lacks: 日本🦀"
    assert ended.stderr == ""


def test_other_warnings_of_drawing_are_not_swallowed() -> None:
    with pytest.warns(UserWarning, match="something else"), unknown_letters() as unknown:
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert unknown == set()


def test_words_in_a_picture_stay_words(drawn: dict[str, bytes]) -> None:
    assert b">training examples</text>" in drawn["learning-curve"]
    assert b">dps-mix</text>" in drawn["distribution"]


def test_a_grid_closes_with_tables_alone_and_report_draws_unless_told_not_to(one: Store) -> None:
    def pictured(*words: str) -> set[str]:
        for path in folder.iterdir():
            path.unlink()
        assert CliRunner().invoke(app, ["report", str(one.root), *words]).exit_code == 0
        return pictures_in(folder)

    folder = one.root / "tables" / "demo"
    produce(one.root, everything=False, names=[])
    assert pictures_in(folder) == set()
    assert pictured("--no-figures") == set()
    assert pictured() == {"distribution.png", "distribution.svg"}


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("last", "last epoch"),
        ("best", "best epoch (optimistic)"),
        ("held-out", "held-out epoch"),
    ],
)
def test_a_figure_of_scores_says_which_epoch_it_shows(
    halved: Store, selection: Selection, words: str
) -> None:
    found = find(halved, report_of(halved), Wishes(selection=selection, bootstrap=False))
    said = {name: said_by(figure) for name, figure in drawing.draw(found)}
    assert f"score x 100, {words}" in said["distribution"]
    assert f"difference x 100, {words}" in said["differences"]
    assert f"expected best x 100, {words}" in said["budget"]
    assert f"score x 100, {words}" in said["score-by-cost"]
    assert "score x 100, last epoch" in said["learning-curve"]
    assert "last epoch, mean" in said["heatmap-dps-dense"]


def test_figures_of_single_scores_and_bands_explain_them(report: Report, halved: Store) -> None:
    assert said_by(curve.draw(panels(report))).endswith(
        "vanilla | dps-mix | run | ± sample standard deviation | constant guess"
    )
    drawn = dict(drawing.draw(find(halved, report_of(halved), Wishes(bootstrap=False))))
    assert "| vanilla | ± sample standard deviation" in said_by(drawn["score-by-cost"])


def test_a_curve_is_marked_if_one_of_its_sizes_is_not_comparable(report: Report) -> None:
    said = said_by(curve.draw(panels(report), {("full", "tiny", "dps-mix")}))
    assert "vanilla | dps-mix † |" in said
    assert said.endswith("† not comparable")


def said_by(figure: Figure) -> str:
    return " | ".join(" ".join(text.get_text().split()) for text in figure.findobj(Text))


def pictures_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in {".png", ".svg"}}


def test_a_report_leaves_no_figure_of_an_earlier_one(one: Store) -> None:
    folder = one.root / "tables" / "demo"
    for figures, left in ((True, {"distribution.png", "distribution.svg"}), (False, set())):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("distribution.png", "budget-2.svg", "heatmap-dps-dense.png", "mine.png"):
            (folder / name).touch()
        produce(one.root, everything=False, names=[], wishes=Wishes(), figures=figures)
        assert pictures_in(folder) == {"mine.png", *left}


def test_without_matplotlib_the_tables_are_written_and_a_line_says_what_to_install(
    one: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = one.root / "tables" / "demo"
    folder.mkdir(parents=True)
    (folder / "training.png").touch()
    for name in [name for name in sys.modules if re.match(r"dpsrun\.report\.(figures|draw)", name)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = CliRunner().invoke(app, ["report", str(one.root)])
    assert ended.exit_code == 0
    assert "stability.md" in ended.stdout
    assert ".png" not in ended.stdout
    assert pictures_in(folder) == set()
    assert ended.stdout.count("pip install 'dpsrun[report]'") == 1
