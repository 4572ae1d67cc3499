"""Who is at work on a run: leases that several launchers and hosts agree on without locks.

runs/<run id>/leases/<number>.json           who works on it; the highest number counts
runs/<run id>/attempts/<attempt>/pulse.json  a sign of life, written anew every few seconds

A lease is taken by linking the next number, which succeeds for one only, on network file systems
too. It ends with the result of its attempt, whatever that is. Where its process is gone, or its
pulse is older than `LEASE_SECONDS`, another may take the next number; an owner that wakes up late
finds a higher one and throws its own result away. Ages are differences of two times that the same
file system gave, so that the clocks of the hosts do not matter.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from dpsrun.runs.files import new_token, publish_once, time_of, write_whole
from dpsrun.runs.frozen import Frozen
from dpsrun.runs.store import Store

LEASE_SECONDS = 60.0
"""Age of the last sign of life from which on a lease may be taken over."""

PULSE_SECONDS = 5.0
"""How often an owner shows that it lives."""

LEASE_NAME = re.compile(r"\d+\.json")
BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")


class Owner(Frozen):
    """The content of a lease: which attempt of which process.

    `machine` is where process ids mean the same, `started` tells reused ones apart.
    """

    attempt: str
    host: str
    machine: str
    pid: int
    started: str

    @classmethod
    def here(cls, attempt: str) -> Owner:
        """Describe this process."""
        pid = os.getpid()
        return cls(
            attempt=attempt,
            host=socket.gethostname(),
            machine=_machine(),
            pid=pid,
            started=_started(pid),
        )

    @property
    def is_gone(self) -> bool:
        """Whether it ran on this very machine and does not any more; False if nobody can know."""
        if not self.started or self.machine != _machine():
            return False
        return _started(self.pid) != self.started


SOMEBODY = Owner(attempt="unknown", host="unknown", machine="", pid=0, started="")


class Pulse(Frozen):
    """A sign of life: how far the attempt is."""

    step: int = 0
    total_steps: int = 0
    epoch: int = 0
    loss: float | None = None
    score: float | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Lease:
    """The lease of this process on a run."""

    store: Store
    run_id: str
    number: int
    attempt: str

    def beat(self, pulse: Pulse) -> None:
        """Show that we live; where the disk is full, by the date of the lease."""
        try:
            path = _pulse_path(self.store, self.run_id, self.attempt)
            write_whole(path, pulse.model_dump_json())
        except OSError:
            with contextlib.suppress(OSError):
                os.utime(_path(self.store, self.run_id, self.number))

    @property
    def is_ours(self) -> bool:
        """Whether nobody has taken the run over."""
        return _latest(self.store, self.run_id) == self.number


def claim(store: Store, run_id: str) -> Lease | None:
    """Take the next lease on a run; None if somebody holds it, or was faster."""
    number = _latest(store, run_id)  # first: who comes between takes the number that we would
    if holder(store, run_id) is not None or store.recover(run_id):
        return None
    owner = Owner.here(new_token())
    if not take(store, run_id, number + 1, owner):
        return None
    store.begin(run_id, owner.attempt)
    return Lease(store, run_id, number + 1, owner.attempt)


def holder(store: Store, run_id: str) -> Owner | None:
    """Give who is at work on a run, if somebody is and lives."""
    owner = current(store, run_id)
    if owner is None or owner.is_gone or store.attempt_result(run_id, owner.attempt) is not None:
        return None
    return owner if silence(store, run_id, owner.attempt) < LEASE_SECONDS else None


def current(store: Store, run_id: str) -> Owner | None:
    """Read the lease with the highest number, whether its owner lives or not.

    One that cannot be read, perhaps only now, is somebody's all the same.
    """
    number = _latest(store, run_id)
    if number == 0:
        return None
    try:
        text = _path(store, run_id, number).read_text(encoding="utf-8")
        return Owner.model_validate_json(text)
    except (OSError, ValueError):
        return SOMEBODY


def pulse(store: Store, run_id: str, attempt: str) -> Pulse | None:
    """Read the last sign of life of an attempt."""
    path = _pulse_path(store, run_id, attempt)
    try:
        return Pulse.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def silence(store: Store, run_id: str, attempt: str) -> float:
    """Give the seconds since the last sign of life of an attempt, by the file system's clock."""
    signs = [_path(store, run_id, _latest(store, run_id)), _pulse_path(store, run_id, attempt)]
    now = time_of(store.folder(run_id))
    times = []
    for sign in signs:
        with contextlib.suppress(FileNotFoundError):
            times.append(sign.stat().st_mtime)
    return now - max(times, default=now)


def take(store: Store, run_id: str, number: int, owner: Owner) -> bool:
    """Give a lease its number; False if another was faster."""
    path = _path(store, run_id, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{owner.attempt}")
    write_whole(draft, owner.model_dump_json())
    try:
        return publish_once(draft, path)
    finally:
        draft.unlink()


def _latest(store: Store, run_id: str) -> int:
    """Give the highest number of a lease on a run, 0 if there is none."""
    try:
        names = os.listdir(store.folder(run_id) / "leases")  # noqa: PTH208 (names will do)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return max((int(name[:-5]) for name in names if LEASE_NAME.fullmatch(name)), default=0)


def _path(store: Store, run_id: str, number: int) -> Path:
    return store.folder(run_id) / "leases" / f"{number}.json"


def _pulse_path(store: Store, run_id: str, attempt: str) -> Path:
    return store.attempt_folder(run_id, attempt) / "pulse.json"


def _machine() -> str:
    """Name this run of this machine, and the container on it: host names are not unique."""
    with contextlib.suppress(OSError):
        return f"{BOOT.read_text(encoding='ascii').strip()} {NAMESPACE.readlink()}"
    return ""


def _started(pid: int) -> str:
    """Give when a process of this machine began, in the kernel's ticks; empty if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]
