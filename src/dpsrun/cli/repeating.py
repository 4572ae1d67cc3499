"""What repetitions look like while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpsrun.cli.live import Tally

if TYPE_CHECKING:
    from dpsrun.runs.result import Result


class Repetitions(Tally):
    """Says only that a run has ended: what it shows is told when all have, and its log is gone."""

    def verdict(self, run_id: str, result: Result | None) -> str:  # noqa: ARG002 (as in Tally)
        """Name the outcome."""
        return "no result" if result is None else result.outcome

    def details(self, result: Result | None) -> list[str]:  # noqa: ARG002 (as in Tally)
        """Leave the traceback to the end."""
        return []
