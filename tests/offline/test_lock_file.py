"""A lock file by itself: what may stand in it, and what is said of anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dpsrun import hub
from dpsrun.errors import UserError
from dpsrun.offline import lock as locking
from dpsrun.offline.lock import Contents, Difference, Lock, Pin

LOCK = Lock(
    repositories=(Pin(kind="model", id="tiny/bert", revision="v1", commit="a" * 40),),
    contents=Contents(models={"bert": "one"}, data={"rte": "two"}, evaluate={"sick:test": "three"}),
    versions={"dpsrun": "0.1.0"},
)


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    content = LOCK.model_dump(mode="json")
    change(content)
    return json.dumps(content)


def test_what_was_written_is_read_and_not_written_twice(tmp_path: Path) -> None:
    grid = tmp_path / "mine.v2.yaml"
    assert locking.read(grid) is None
    assert locking.write(grid, LOCK)
    assert not locking.write(grid, LOCK)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.v2.lock.json"]
    assert locking.read(grid) == LOCK
    assert LOCK.commits == {hub.Repository("model", "tiny/bert", "v1"): "a" * 40}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "EOF"),
        ("[]", "object"),
        (edited(lambda lock: lock.update(schema_number=2)), "schema_number"),
        (
            edited(lambda lock: lock["repositories"][0].update(commit="../x")),
            "repositories.0.commit",
        ),
        (edited(lambda lock: lock.update(more=1)), "more: Extra inputs"),
        (edited(lambda lock: lock.pop("contents")), "contents: Field required"),
    ],
    ids=["empty", "list", "schema", "commit", "unknown", "missing"],
)
def test_a_damaged_lock_is_named_with_the_reason_and_the_command_that_helps(
    tmp_path: Path, text: str, reason: str
) -> None:
    grid = tmp_path / "mine.yaml"
    locking.place(grid).write_text(text)
    with pytest.raises(UserError) as caught:
        locking.read(grid)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path / 'mine.lock.json'}: this is no lock file: ")
    assert reason in first
    assert second == f"run: dpsrun prepare --update {grid}"


def test_a_lock_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    locking.place(tmp_path / "mine.yaml").mkdir()
    with pytest.raises(UserError, match=r"mine\.lock\.json: .*directory"):
        locking.read(tmp_path / "mine.yaml")


def test_differences_are_what_changed_and_what_is_new_but_not_what_is_gone() -> None:
    now = Contents(
        models={"bert": "other"}, data={}, evaluate={"sick:test": "three", "wnli:test": "4"}
    )
    found = LOCK.differences(now)
    assert found == [
        Difference("models", "bert", known=True),
        Difference("evaluate", "wnli:test", known=False),
    ]
    assert list(map(str, found)) == [
        "model bert has other contents now",
        "evaluation set wnli:test is not in it: the grid has changed",
    ]


def test_what_is_new_asks_for_no_update() -> None:
    (new,) = LOCK.differences(Contents(models={"new": "x"}, data={}, evaluate={}))
    error = str(locking.differ(Path("mine.yaml"), [new]))
    assert error.endswith("\nrun: dpsrun prepare mine.yaml")
