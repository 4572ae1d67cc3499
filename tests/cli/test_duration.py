"""Times on the command line have units."""

from __future__ import annotations

import pytest

from dpsrun.cli.duration import seconds
from dpsrun.errors import UserError


@pytest.mark.parametrize(
    ("words", "value"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("2 h", 7200), (None, None)],
)
def test_a_time_has_a_unit(words: str | None, value: float | None) -> None:
    assert seconds(words) == value


@pytest.mark.parametrize("words", ["", "0", "0s", "-5", "2d", "h", "1e3", "\u0663s"])
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(UserError, match=f"--timeout {words}: write a time such as 90s, 30m or 2h"):
        seconds(words)
