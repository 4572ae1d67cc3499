"""What a grid looks like while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from dpsrun.cli.plan import duration
from dpsrun.report.terminal import console
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

if TYPE_CHECKING:
    from dpsrun.execution.engine import Progress
    from dpsrun.execution.estimate import Estimate
    from dpsrun.runs.spec import Run

NEWS_SECONDS = 30.0
"""A log gets one line of progress so often, at most."""


class Tally:
    """Counts what happened; knows how long the rest may take.

    Args:
        runs: the runs to be done, by id.
        store: where their logs lie.
        slots: how many run at a time.
        estimate: from runs that were measured before.
    """

    def __init__(
        self, runs: Mapping[str, Run], store: Store, slots: int, estimate: Estimate
    ) -> None:
        self.runs, self.store, self.slots, self.estimate = runs, store, slots, estimate
        self.began = time.monotonic()
        self.ended: dict[str, str] = {}
        self.progress: dict[str, Progress] = {}
        self.slot_of: dict[str, str] = {}
        self.shown: set[str] = set()

    def heading(self) -> str:
        """Say how far the grid is: `3/48 runs, 1 error, about 25 min left`."""
        bad = [o for o in self.ended.values() if o not in ("ok", "failed")]
        parts = [f"{len(self.ended)}/{len(self.runs)} runs"]
        parts += [f"{bad.count(outcome)} {outcome}" for outcome in sorted(set(bad))]
        left = self.seconds_left()
        parts += [] if left is None else [f"about {duration(left)} left"]
        return ", ".join(parts)

    def seconds_left(self) -> float | None:
        """Estimate from steps taken so far, or from measurements while there are none."""
        total = sum(run.total_steps for run in self.runs.values())
        taken = sum(self.runs[run_id].total_steps for run_id in self.ended)
        taken += sum(p.step for run_id, p in self.progress.items() if run_id not in self.ended)
        elapsed = time.monotonic() - self.began
        if taken:
            return elapsed / taken * (total - taken)
        known = [self.estimate.seconds(run) for run in self.runs.values()]
        measured = [seconds for seconds in known if seconds is not None]
        return sum(measured) / len(measured) * len(known) / self.slots if measured else None

    def details(self, result: Result | None) -> list[str]:
        """Give the traceback and the end of the log of a failure, unless they were shown before."""
        failure = result.failure if result else None
        if failure is None or failure.kind == "interrupted":
            return []
        blocks = [block for block in (failure.traceback, failure.log_tail) if block]
        fresh = [block for block in blocks if block not in self.shown]
        self.shown.update(fresh)
        return [f"  {line}" for block in fresh for line in block.splitlines()]

    def verdict(self, run_id: str, result: Result | None) -> str:
        """Word the end of a run: its score, or what went wrong and where to read more."""
        if result is None:
            return "no result"
        if result.failure is not None:
            log = self.store.log_path(run_id, result.attempt)
            place = f" ({log})" if log.exists() else ""
            return f"{result.outcome}: {result.failure.message}{place}"
        score = result.last.primary if result.last else None
        return f"{result.outcome}, score {'undefined' if score is None else f'{100 * score:.1f}'}"


class PlainView:
    """One line an event, with the time; no control characters."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.last_news = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to print."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def started(self, run_id: str, slot: str) -> None:
        """Say that a run begins."""
        self.tally.slot_of[run_id] = slot
        _say(f"start {run_id} on {slot}")

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Say now and then how far everything is."""
        self.tally.progress[run_id] = progress
        if time.monotonic() - self.last_news >= NEWS_SECONDS:
            self.last_news = time.monotonic()
            _say(self.tally.heading())

    def ended(self, run_id: str, result: Result | None) -> None:
        """Say how a run ended."""
        self.tally.ended[run_id] = result.outcome if result else "none"
        _say(f"end   {run_id}: {self.tally.verdict(run_id, result)} [{self.tally.heading()}]")
        for line in self.tally.details(result):
            console(stderr=True).print(line)

    def said(self, words: str) -> None:
        """Say it."""
        _say(words)


class NoView:
    """Shows nothing while runs last."""

    def __enter__(self) -> Self:
        """Begin to say nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def started(self, run_id: str, slot: str) -> None:
        """Say nothing."""

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Say nothing."""

    def ended(self, run_id: str, result: Result | None) -> None:
        """Say nothing."""

    def said(self, words: str) -> None:
        """Say nothing."""


class RichView:
    """One line a slot, redrawn in place; ends of runs scroll by above."""

    def __init__(self, tally: Tally) -> None:
        from rich.live import Live

        self.tally = tally
        self.console = console(stderr=True)
        self.live = Live(console=self.console, get_renderable=self._draw, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self.live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:  # noqa: ANN401, PYI036
        """Leave the last state on the screen."""
        self.live.__exit__(*error)

    def started(self, run_id: str, slot: str) -> None:
        """Give the run its line."""
        self.tally.slot_of[run_id] = slot

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Remember how far it is, for the next drawing."""
        self.tally.progress[run_id] = progress

    def ended(self, run_id: str, result: Result | None) -> None:
        """Print how it ended, and free its line."""
        self.tally.ended[run_id] = result.outcome if result else "none"
        self.console.print(f"{run_id}: {self.tally.verdict(run_id, result)}")
        for line in self.tally.details(result):
            self.console.print(line)

    def said(self, words: str) -> None:
        """Print it above the table."""
        self.console.print(words)

    def _draw(self) -> Any:  # noqa: ANN401 (rich is imported late)
        from rich.table import Table

        table = Table(title=self.tally.heading(), box=None, title_justify="left")
        for heading in ("slot", "run", "step", "epoch", "loss", "score", "steps/s"):
            table.add_column(heading)
        for run_id, slot in self.tally.slot_of.items():
            if run_id not in self.tally.ended:
                table.add_row(slot, run_id, *_cells(self.tally.progress.get(run_id)))
        return table


def _cells(progress: Progress | None) -> list[str]:
    if progress is None:
        return ["starting"]
    score = "" if progress.score is None else f"{100 * progress.score:.1f}"
    return [
        f"{progress.step}/{progress.total_steps}",
        str(progress.epoch),
        f"{progress.loss:.3f}",
        score,
        f"{progress.rate:.1f}",
    ]


def _say(text: str) -> None:
    now = datetime.now().astimezone()
    console(stderr=True).print(f"{now:%H:%M:%S} {text}")


AnyView = PlainView | RichView | NoView

VIEWS: dict[str, Callable[[Tally], AnyView]] = {
    "rich": RichView,
    "plain": PlainView,
    "none": lambda _tally: NoView(),
}


def check(progress: str) -> None:
    """Raise UserError unless `--progress` names a view."""
    from dpsrun.errors import UserError, nearest

    if progress not in (known := [*VIEWS, "auto"]):
        raise UserError(f"--progress {progress}: {nearest(progress, known)}")


def view(tally: Tally, progress: str) -> AnyView:
    """Give the view asked for; `auto` is what suits where standard error goes."""
    if progress == "auto":
        progress = "rich" if console(stderr=True).is_terminal else "plain"
    return VIEWS[progress](tally)
