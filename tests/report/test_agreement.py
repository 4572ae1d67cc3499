"""What the repetition of a run shows, and the likely causes where it is not the same."""

from __future__ import annotations

from typing import Any

import pytest

from dpsrun.report.agreement import agreement_json, agreement_lines, compare
from dpsrun.runs.result import Failure, Result

HASHES = {"weights": "1", "predictions": "2", "order": "3"}
ENVIRONMENT = {"packages": {"torch": "2.12", "numpy": "2.3"}, "python": "3.11", "threads": 1}


def result(**changes: Any) -> Result:
    record = {"run": "rte-x", "attempt": "a", "outcome": "ok", "hashes": HASHES}
    return Result.model_validate({**record, "environment": ENVIRONMENT, **changes})


def words(original: Result, repetition: Result | None) -> list[str]:
    return list(agreement_lines(compare(original, repetition)))


def test_a_repetition_with_the_same_hashes_agrees() -> None:
    assert compare(result(), result()).agrees
    assert words(result(), result()) == ["rte-x: weights same, predictions same, order same"]


@pytest.mark.parametrize("name", HASHES)
def test_the_hash_that_differs_is_named(name: str) -> None:
    found = compare(result(), result(hashes={**HASHES, name: "other"}))
    assert not found.agrees
    assert found.same == {each: each != name for each in HASHES}


def test_a_hash_that_the_repetition_has_not_is_different() -> None:
    found = compare(result(), result(hashes={"weights": "1"}))
    assert found.same == {"weights": True, "predictions": False, "order": False}


def test_what_else_differs_is_told_down_to_the_version_of_a_package() -> None:
    packages = {**ENVIRONMENT, "packages": {"torch": "2.13", "numpy": "2.3"}, "threads": 2}
    again = result(hashes={**HASHES, "weights": "other"}, environment=packages, code=9)
    assert words(result(code=8), again) == [
        "rte-x: weights different, predictions same, order same",
        "  code: 8, now 9",
        "  environment.packages.torch: 2.12, now 2.13",
        "  environment.threads: 1, now 2",
    ]


def test_nothing_else_differs_is_said_too() -> None:
    again = result(hashes={**HASHES, "order": "other"})
    assert words(result(), again)[1:] == ["  nothing else that is recorded differs"]


def test_causes_of_nothing_are_not_told() -> None:
    assert len(words(result(), result(environment={**ENVIRONMENT, "threads": 2}))) == 1


def test_a_repetition_that_failed_is_told_with_its_traceback_and_the_end_of_its_log() -> None:
    traceback, log = "Traceback\n  line 7", "step 1\nstep 2"
    failure = Failure(kind="error", message="bad luck", traceback=traceback, log_tail=log)
    failed = result(outcome="error", hashes={}, failure=failure, environment={"threads": 2})
    assert not compare(result(), failed).agrees
    assert compare(result(), failed).same == {}
    assert words(result(), failed) == [
        "rte-x: the repetition failed: error: bad luck",
        "  Traceback",
        "    line 7",
        "  step 1",
        "  step 2",
        "  environment.threads: 1, now 2",
    ]


def test_a_repetition_that_left_nothing_does_not_agree() -> None:
    assert not compare(result(), None).agrees
    assert words(result(), None) == ["rte-x: the repetition failed: interrupted: it left no result"]


def test_what_an_older_schema_did_not_record_is_no_difference() -> None:
    old = result(schema_number=1, effective={"dropout": 0.1}, hashes={"weights": "1"})
    recorded = {"dropout": 0.1, "micro_batch_size": 8}
    again = result(code=2, hashes={"weights": "other"}, effective=recorded)
    found = compare(old, again)
    assert [difference.name for difference in found.differences] == ["code"]


def test_machines_are_told_the_same() -> None:
    again = result(hashes={**HASHES, "weights": "other"}, environment={"threads": 2})
    assert agreement_json(compare(result(), again)) == {
        "run": "rte-x",
        "agrees": False,
        "hashes": {"weights": "different", "predictions": "same", "order": "same"},
        "differences": [{"name": "environment.threads", "original": 1, "repetition": 2}],
        "failure": None,
    }


def test_where_an_interruption_came_is_nobodys_business() -> None:
    stopped = Failure(kind="interrupted", message="KeyboardInterrupt", traceback="Traceback")
    again = result(outcome="interrupted", hashes={}, failure=stopped)
    (only,) = words(result(), again)
    assert only == "rte-x: the repetition failed: interrupted: KeyboardInterrupt"
