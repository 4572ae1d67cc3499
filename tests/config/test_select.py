"""`--only` keeps some runs of a grid."""

from __future__ import annotations

import pytest

from dpsrun.config.match import matches, select
from dpsrun.errors import UserError
from dpsrun.runs.spec import Run
from tests.config.grids import runs, small


@pytest.fixture(scope="module")
def every() -> list[Run]:
    return runs(
        small(
            tasks="[cola, rte]",
            methods="[vanilla, dps-dense, dps-mix]",
            seeds="[0, 1, 12]",
            sweep="{params.drop_fraction: [0.1, 0.3]}",
        )
    )


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ([], 30),
        (["task=rte"], 15),
        (["task=rte,method=dps-*"], 12),
        (["task=rte|cola"], 30),
        (["task=rte, seed=0|1"], 10),
        (["task=rte", "method=vanilla"], 18),
        (["method=dps-mix"], 12),
        (["method=dps-mix [drop_fraction=0.1]"], 6),
        (["seed=1"], 10),
        (["seed=1*"], 20),
        (["task=r?e,task=cola"], 30),
        (["model=tiny,scenario=full"], 30),
    ],
)
def test_rules_keep_what_matches_any_of_them(every: list[Run], only: list[str], count: int) -> None:
    kept = select(every, only)
    assert len(kept) == count
    assert kept == [run for run in every if run in kept]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("tasks=rte", "there is no key 'tasks'; did you mean 'task'?"),
        ("task=rtee", "'rtee' matches no task of this grid; did you mean 'rte'?"),
        ("task=rte|mnli", "'mnli' matches no task"),
        ("task", "write KEY=PATTERN"),
        ("task=", "write KEY=PATTERN"),
        ("", "write KEY=PATTERN"),
        ("task=rte,", "write KEY=PATTERN"),
        ("seed=7", "'7' matches no seed"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(every: list[Run], only: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        select(every, [only])
    assert expected in str(caught.value)


def test_a_rule_whose_parts_never_meet_is_refused(every: list[Run]) -> None:
    some = [run for run in every if (run.labels.task == "rte") == (run.labels.method == "vanilla")]
    with pytest.raises(UserError, match="no run matches"):
        select(some, ["task=cola,method=vanilla"])


@pytest.mark.parametrize(
    ("pattern", "label", "expected"),
    [
        ("rte", "rte", True),
        ("rt", "rte", False),
        ("dps-*", "dps-mix", True),
        ("*", "anything", True),
        ("r.e", "rte", False),
        ("a[bc]", "ab", False),
        ("low-resource(*)", "low-resource(500)", True),
        ("vanilla", "vanilla [epochs=1]", True),
        ("vanilla", "vanilla-no-dropout", False),
    ],
)
def test_only_stars_and_question_marks_are_wild(pattern: str, label: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(pattern, label) is expected
