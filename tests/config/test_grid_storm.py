"""Ten thousand malformed grid files: each is refused with a line, none comes as a surprise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from dpsrun.config.expand import expand
from dpsrun.config.facts import ModelFacts, TaskFacts
from dpsrun.config.load import read
from dpsrun.errors import ConfigError, Problem
from dpsrun.runs.spec import Run
from tests.command import Bench
from tests.config.grids import CPU, faults, small
from tests.config.parts import Original, originals
from tests.config.storm import DAMAGES, Damage, damaged

pytestmark = pytest.mark.no_cover  # counting takes a third longer, and shows nothing new

FILE = Path("grid.yaml")

EACH = 140
"""Malformed files of each kind of damage."""

PATIENCE = 5 * EACH
"""Draws of a kind after which it is taken for one that does no harm."""

ABOUT_THE_FILE = (
    "is not UTF-8 text",
    "is not valid YAML",
    "is empty",
    "is nested too deeply",
    "must be a mapping",
    "a key must be text",
    "a key holds half a character",
    "merge keys",
    "the tag",
)
"""What can be wrong with a file or with all that stands at its top; all else has a key."""


NUMBERS = list(range(1, 300))
MANY_SEEDS = f"{{init: {NUMBERS}, order: {NUMBERS}, noise: {NUMBERS}, subset: {NUMBERS}}}"
MANY_SETTINGS = f"{{training.epochs: {NUMBERS}, training.batch_size: {NUMBERS}}}"
MANY_METHODS = f"[{', '.join(f'{{label: x{n}, method: vanilla}}' for n in NUMBERS)}]"
LONG_LABEL = f"[{{source: tiny, label: {'a' * 80}}}]"
SLOW_PATTERN = f"[{{model: {'a*' * 40}b}}]"
"""A backtracking search for it in the long label would outlive us."""


def planned(content: bytes) -> list[Run]:
    """Go the way of `dpsrun plan` from a file to its runs, but for the search for data."""
    grid = read(content, FILE)
    tasks = {name: TaskFacts(f"data of {name}", 2000) for name in grid.tasks}
    models = {one.label: ModelFacts(one.source, "bert-2x16", 512) for one in grid.models}
    sets = {name: f"data of {name}" for name in grid.sets}
    return expand(grid, tasks, models, CPU, sets)


def refused(content: bytes) -> bool:
    """Say whether a file is malformed; if so, make sure that the user learns where."""
    try:
        assert planned(content)
    except ConfigError as error:
        problems = error.problems
    else:
        return False
    lines = len(re.split(rb"\r\n|\r|\n", content))
    assert problems
    for problem in problems:
        check(problem, lines)
    return True


def check(problem: Problem, lines: int) -> None:
    said = re.match(r"grid\.yaml:(\d+): \S", str(problem))
    assert said, problem
    assert 1 <= int(said[1]) <= lines, problem
    assert problem.key or problem.message.startswith(ABOUT_THE_FILE), problem


def malformed(how: Damage) -> Iterator[bytes]:
    """Draw different files and give those that are malformed."""
    seen: set[bytes] = set()
    for content in (damaged(how, seed) for seed in range(PATIENCE)):
        try:
            if content not in seen and refused(content):
                yield content
            seen.add(content)
        except Exception as error:
            error.add_note(f"{how.__name__}: {content!r}")
            raise


@pytest.mark.parametrize("one", originals(), ids=lambda one: one.text.split()[1])
def test_what_is_damaged_is_sound_before(one: Original) -> None:
    assert planned(one.text.encode())


def test_the_storm_is_of_thousands_of_files() -> None:
    assert len(set(DAMAGES)) * EACH >= 3_000


@pytest.mark.no_cover  # counting lines would take twice the time
@pytest.mark.parametrize("how", DAMAGES, ids=lambda how: how.__name__)
def test_every_malformed_file_is_refused_with_a_line_that_it_has(how: Damage) -> None:
    assert len(list(islice(malformed(how), EACH))) == EACH


@pytest.mark.parametrize("how", DAMAGES[::6], ids=lambda how: how.__name__)
def test_the_command_ends_with_exit_code_2_and_the_place(how: Damage, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(next(malformed(how)))
    ended = Bench(tmp_path).fork("plan", FILE)
    assert (ended.code, ended.out) == (2, "")
    assert re.match(r"dpsrun: grid\.yaml:\d+: ", ended.err)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (small(seeds=MANY_SEEDS), "4: seeds: these are more than 100,000 seeds"),
        (
            small(methods=MANY_METHODS, sweep=MANY_SETTINGS),
            "5: sweep: these are more than 100,000 settings",
        ),
        (small(models=LONG_LABEL, include=SLOW_PATTERN), "5: include[0].model: "),
        (small(models=f"[{'a' * 5000}]"), "2: models[0]: give "),
        (small(models=f"['./{'a' * 5000}']"), "2: models[0]: give "),
        (small(tasks=f"[{'x' * 5000}]"), "1: tasks[0]: there is no task "),
        ("x: " + "{a: " * 500, "1: is nested too deeply"),
        ("x: 1\n" * 30_000, "20000: is not valid YAML: too many values"),
    ],
)
def test_a_file_that_asks_for_too_much_is_refused_at_once(text: str, expected: str) -> None:
    assert any(fault.startswith(expected) for fault in faults(text))


def test_a_pattern_that_means_nothing_is_not_answered_with_thousands_of_labels() -> None:
    text = small(seeds=f"{list(range(5000))}", include="[{seed: x}]")
    assert faults(text) == ["5: include[0].seed: 'x' matches no seed of this grid"]


def test_a_link_that_leads_to_itself_is_a_place_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (model,) = read(small(models="[./loop/x]").encode(), tmp_path / FILE).models
    assert model.source == f"{tmp_path}/loop/x"
