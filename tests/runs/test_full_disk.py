"""A full disk makes a writer wait; it loses nothing and hides no other error."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from dpsrun.runs import files
from dpsrun.runs.files import patiently


def writer(*errors: int) -> Callable[[], str]:
    """A writer that fails with these errors, one after the other, then succeeds."""
    left = list(errors)

    def write() -> str:
        if left:
            raise OSError(left.pop(0), "cannot write")
        return "written"

    return write


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("dpsrun.runs.files.time.sleep", taken.append)
    return taken


def test_a_writer_waits_until_there_is_room(pauses: list[float]) -> None:
    assert patiently(writer(errno.ENOSPC, errno.EDQUOT, errno.ENOSPC)) == "written"
    assert pauses == [files.PAUSE_SECONDS] * 3


def test_another_error_is_raised_at_once(pauses: list[float]) -> None:
    with pytest.raises(OSError, match="cannot write"):
        patiently(writer(errno.EROFS))
    assert pauses == []
