"""Runs as tasks of Ray: given out as the cluster has room for them, watched through the folder.

Ray ends all tasks of a command that ends; what they had not finished stays to be done.

DIR/engine/ray/<token>-<run id>.log    what `dpsrun work` said there
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsrun.errors import UserError
from dpsrun.execution import traces
from dpsrun.execution.elsewhere import Elsewhere
from dpsrun.execution.engine import View
from dpsrun.execution.ray import cluster
from dpsrun.execution.ray.cluster import Demand, Ending, Ref
from dpsrun.runs.files import new_token
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

WAIT_SECONDS = 0.2
GRACE_SECONDS = 15.0
"""More than a task gives its command."""

TRIES = 3
"""How often a run is given out whose task is lost, with its node or alone."""

HEADLESS = "after a minute it ends this command; the same one then does what is missing"
"""What Ray does without its head, in words of its own alone."""

IN_ADVANCE = 2
"""Tasks that Ray knows of, for each that it can do at a time: no slot waits for us."""


@dataclass(frozen=True)
class Task:
    """One run, given to Ray."""

    token: str
    ref: Ref
    log: Path


@dataclass
class RayEngine:
    """Gives runs to the Ray cluster that this process is connected to.

    Args:
        store: the results folder, which the nodes see too.
        view: is told what happens.
        demand: what a run is given.
        work: options of `dpsrun work` for the tasks.
    """

    store: Store
    view: View
    demand: Demand
    work: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.folder = self.store.root.absolute() / "engine" / "ray"
        self.traces = traces.Traces(self.store, self.view)
        self.elsewhere = Elsewhere(self.store, self.view)
        self.pace = traces.Pace()
        self.queue: deque[str] = deque()
        self.tasks: dict[str, Task] = {}
        self.endings: dict[str, Ending] = {}
        self.tries: Counter[str] = Counter()
        self.since, self.held, self.answered = new_token(), False, True
        self.at_a_time = cluster.at_a_time(self.demand)

    def describe(self) -> str:
        """Say how many runs go side by side, and where."""
        return f"{self.at_a_time} at a time on Ray"

    def submit(self, run_ids: Sequence[str]) -> None:
        """Queue runs; the cluster is given as many as it has room for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.queue.extend(run_ids)
        self._fill()

    def poll(self) -> Collection[str]:
        """Give out what there is room for, collect what is over; now and then tell how runs go.

        Raises UserError where no task of ours can begin.
        """
        self.queue.extend(self.elsewhere.left())
        self._fill()
        self._listen()
        if self.pace.due:
            self._look()
        return [*self.tasks, *self.queue, *self.elsewhere.runs]

    def hold(self) -> None:
        """Cancel what has not begun."""
        self.held = True
        self.queue.clear()
        self.elsewhere.runs.clear()
        waiting = [run_id for run_id in self.tasks if not self._has_begun(run_id)]
        cluster.cancel([self.tasks[run_id].ref for run_id in waiting])

    def leave(self) -> None:
        """End our tasks, gently first, and disconnect."""
        try:
            self.hold()
            live = [run_id for run_id in self.tasks if run_id not in self.endings]
            cluster.cancel([self.tasks[run_id].ref for run_id in live], GRACE_SECONDS)
            for run_id in live:
                self._bury(run_id)
        finally:
            cluster.disconnect()

    def _fill(self) -> None:
        """Give out runs that nobody is at, until the cluster has enough of them."""
        while self.queue and len(self.tasks) < IN_ADVANCE * max(1, self.at_a_time):
            run_id = self.queue.popleft()
            if not self.elsewhere.has(run_id):
                self.tasks[run_id] = self._start(run_id)

    def _start(self, run_id: str) -> Task:
        token = new_token()
        log = self.folder / f"{token}-{run_id}.log"
        where = ["--results", str(self.store.root.absolute())]
        words = [*traces.PROGRAM, "work", run_id, *where, *self.work]
        self.tries[run_id] += 1
        return Task(token, cluster.start(words, str(log), self.demand), log)

    def _look(self) -> None:
        if self._answers():
            self.at_a_time = cluster.at_a_time(self.demand)
        for run_id in self.tasks.keys() - self.endings.keys():
            self.traces.tell(run_id, self.tasks[run_id].token)

    def _answers(self) -> bool:
        """Say whether there is a head; the view is told when that changes."""
        before, self.answered = self.answered, cluster.answers()
        if before and not self.answered:
            self.view.said(f"Ray does not answer; {HEADLESS}")
        elif self.answered and not before:
            self.view.said("Ray answers again")
        return self.answered

    def _listen(self) -> None:
        live = {self.tasks[run].ref: run for run in self.tasks if run not in self.endings}
        for ref in cluster.over(live, WAIT_SECONDS):
            self.endings[live[ref]] = cluster.ending(ref)
        for run_id, ending in list(self.endings.items()):
            self._conclude(run_id, ending)

    def _conclude(self, run_id: str, ending: Ending) -> None:
        """Look for the result of a run whose task is over; a lost task is started again."""
        result = self.store.result(run_id)
        if isinstance(result, Result):
            self._forget(run_id)
            self.view.ended(run_id, result)
        elif ending.lost and not self.held and self.tries[run_id] < TRIES:
            self._forget(run_id)
            self.view.said(f"{run_id}: {ending.words}; it is done again")
            self.queue.appendleft(run_id)
        elif self.traces.settled(run_id):
            self._give_up(run_id, ending)

    def _give_up(self, run_id: str, ending: Ending) -> None:
        """Let a run go whose task is over without its result; it stays to be done."""
        begun, one = self._has_begun(run_id), self._forget(run_id)
        if self.held and not begun:
            return
        if begun or ending.lost:
            self.view.ended(
                run_id, traces.lost(run_id, one.token, "interrupted", ending.words, one.log)
            )
        else:
            self._give_all_up_if_none_began(one, ending)
            words = f"{ending.words}, before it began"
            self.view.ended(run_id, traces.lost(run_id, one.token, "error", words, one.log))

    def _give_all_up_if_none_began(self, one: Task, ending: Ending) -> None:
        """What keeps each task from its work is the user's to mend."""
        if not traces.has_begun(self.store, self.tries, self.since):
            raise UserError(traces.refusal("no run could begin on Ray", one.log, ending.words))

    def _bury(self, run_id: str) -> None:
        """Tell the end of a run whose task we ended, if it had begun."""
        begun, one = self._has_begun(run_id), self._forget(run_id)
        if isinstance(result := self.store.result(run_id), Result):
            self.view.ended(run_id, result)
        elif begun:
            words = "the command that waited for it was ended, and its task with it"
            self.view.ended(run_id, traces.lost(run_id, one.token, "interrupted", words, one.log))

    def _has_begun(self, run_id: str) -> bool:
        return traces.has_begun(self.store, [run_id], self.tasks[run_id].token)

    def _forget(self, run_id: str) -> Task:
        self.traces.lives(run_id)
        self.endings.pop(run_id, None)
        return self.tasks.pop(run_id)
