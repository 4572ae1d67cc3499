"""Whatever is done to a grid file, it is a grid or an error with a line for the user."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dpsrun.config.grid import Grid
from dpsrun.errors import ConfigError, Problem
from tests.config.grids import FULL, grid, runs

pytestmark = pytest.mark.no_cover  # counting takes twice the time, and shows nothing new

WORDS = st.sampled_from(
    ["rte", "vanilla", "dps-*", "low-resource(9)", "task", "warmup_ratio", "", "*", "[", "é", "a@b"]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**20), st.floats(allow_nan=False), WORDS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of everything inside a value."""
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    return [p for key, item in pairs for p in ((*path, key), *places(item, (*path, key)))]


VALID: dict[str, Any] = yaml.safe_load(FULL.replace("2e-5", "0.00002"))
PLACES = places(VALID)


def mutated(changes: list[tuple[tuple[Any, ...], str, Any]]) -> str:
    """Replace, remove or rename what stands at some places; a place that is gone is left."""
    data = copy.deepcopy(VALID)
    for path, how, new in changes:
        try:
            parent = data
            for step in path[:-1]:
                parent = parent[step]
            if how == "replace":
                parent[path[-1]] = new
            elif how == "remove":
                del parent[path[-1]]
            else:
                parent[str(new)] = parent.pop(path[-1])
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    return yaml.safe_dump(data, allow_unicode=True)


def read(text: str) -> Grid | None:
    """Read a grid, or make sure that what is said about it is fit for the user."""
    problems: tuple[Problem, ...] = ()
    try:
        return grid(text)
    except ConfigError as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.message
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 1
        assert "Input should" not in problem.message
        assert "pydantic" not in problem.message
    return None


CHANGE = st.tuples(
    st.sampled_from(PLACES), st.sampled_from(["replace", "remove", "rename"]), VALUES
)


@settings(max_examples=120, deadline=None, database=None)
@given(st.lists(CHANGE, min_size=1, max_size=3))
def test_any_change_of_the_data_gives_a_grid_or_a_config_error(
    changes: list[tuple[tuple[Any, ...], str, Any]],
) -> None:
    one = read(mutated(changes))
    assert one is None or len(one) > 0


@settings(max_examples=120, deadline=None, database=None)
@given(st.integers(0, len(FULL)), st.integers(0, 12), st.text(max_size=6))
def test_any_change_of_the_text_gives_a_grid_or_a_config_error(
    start: int, length: int, new: str
) -> None:
    one = read(FULL[:start] + new + FULL[start + length :])
    assert one is None or len(one) > 0


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_each_part_may_be_nothing_or_gone(path: tuple[Any, ...]) -> None:
    for how in ("replace", "remove"):
        one = read(mutated([(path, how, None)]))
        assert one is None or len(one) > 0


def test_the_valid_file_is_valid() -> None:
    assert runs(mutated([])) == runs(FULL)
