"""A real Slurm on this host: a controller and two nodes, loopback only, gone with the test."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.waiting import until
from tests.command import PATIENCE
from tests.engines.processes import kill, marked, parent

DAEMONS = ("munged", "slurmctld", "slurmd")
NODES = ("n1", "n2")
CORES = 2
"""Of each node, whatever the host has."""

CONFIGURATION = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={root}/run/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool-%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SlurmdTimeout=5
KillWait=5
ReturnToService=2
JobRequeue=1
MinJobAge=600
MaxArraySize={array}
GresTypes=gpu
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
    "CPUs={cores} RealMemory=8000 Gres=gpu:2 State=UNKNOWN\n"
)
GPUS = "NodeName={name} Name=gpu File={root}/nvidia[0-1]\n"


def installed() -> bool:
    """Say whether all of Slurm is here; daemons are not on every user's path."""
    return all(shutil.which(name, path=search_path()) for name in DAEMONS)


def search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@dataclass
class Cluster:
    """The daemons of a cluster as children of the test, and Slurm's commands for it."""

    root: Path
    daemons: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find this cluster and no other."""
        return {"SLURM_CONF": str(self.root / "slurm.conf"), "PATH": search_path()}

    def say(self, *words: str) -> str:
        """Run one of Slurm's commands; give what it prints."""
        return subprocess.run(
            words,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout

    def start(self, name: str) -> None:
        """Start the controller (`slurmctld`), a node (`n1`), or `munged`."""
        with (self.root / "log" / name).open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                self._command(name),
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    def kill(self, name: str) -> None:
        """Let a daemon die as a machine dies."""
        process = self.daemons.pop(name)
        process.kill()
        process.wait(PATIENCE)

    def save(self, job: int) -> None:
        """Let the controller write down all that it knows; it does so seconds after each change."""
        file = self.root / "state" / "job_state"
        before = time.time_ns()
        self.say("scontrol", "update", f"JobId={job}", "Comment=changed")
        until(lambda: file.exists() and file.stat().st_mtime_ns > before)

    def lose(self, node: str, processes: Sequence[int]) -> None:
        """Let a node die: its daemon and what ran there; the controller is told at once."""
        self.kill(node)
        kill(processes)
        self.say("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def processes_of(self, node: str) -> list[int]:
        """Find what runs on a node, its jobs' processes too."""
        jobs = marked(f"SLURMD_NODENAME={node}", self._mark)
        keepers = {one for pid in jobs if (one := parent(pid)) and one not in jobs}
        return [*keepers, *jobs]

    @property
    def _mark(self) -> str:
        """What the environment of each process has that was started for this cluster."""
        return f"SLURM_CONF={self.root / 'slurm.conf'}"

    def end(self) -> None:
        """Kill all that is left of it: daemons, jobs, and commands that use it."""
        until(lambda: not kill(marked(self._mark)))
        for process in self.daemons.values():
            process.wait(PATIENCE)

    def is_up(self) -> bool:
        """Say whether both nodes have reported to the controller."""
        words = ["sinfo", "--noheader", "--Node", "--format=%T"]
        environment = {**os.environ, **self.environment}
        answer = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return answer.stdout.split() == ["idle"] * len(NODES)

    def _command(self, name: str) -> list[str]:
        run, munge = self.root / "run", self.root / "munge"
        if name == "munged":
            return [
                *(
                    _daemon("munged"),
                    "--foreground",
                    "--force",
                    "--num-threads=1",
                ),  # a private folder will do
                f"--key-file={munge}/munge.key",
                f"--socket={run}/munge.socket",
                f"--pid-file={munge}/munged.pid",
                f"--log-file={munge}/munged.log",
                f"--seed-file={munge}/munged.seed",
            ]
        conf = str(self.root / "slurm.conf")
        if name == "slurmctld":
            return [_daemon(name), "-D", "-f", conf]
        return [_daemon("slurmd"), "-D", "-f", conf, "-N", name]


@contextlib.contextmanager
def running(root: Path, *, array: int = 1001) -> Iterator[Cluster]:
    """Give a cluster that is up; whatever becomes of the test, all of it ends.

    Args:
        root: an empty folder, for all that the daemons write.
        array: the cluster's `MaxArraySize`.
    """
    cluster = Cluster(root)
    _furnish(root, array)
    try:
        cluster.start("munged")
        until((root / "run" / "munge.socket").exists, cluster.daemons["munged"])
        for name in ("slurmctld", *NODES):
            cluster.start(name)
        until(cluster.is_up, cluster.daemons["slurmctld"])
        yield cluster
    finally:
        cluster.end()


def _furnish(root: Path, array: int) -> None:
    for name in ("munge", "run", "state", "log"):
        (root / name).mkdir(parents=True)
    (root / "munge").chmod(0o700)
    (root / "run").chmod(0o755)
    key = root / "munge" / "munge.key"
    key.touch(0o600)
    key.write_bytes(secrets.token_bytes(1024))
    host, user = socket.gethostname().split(".")[0], pwd.getpwuid(os.getuid()).pw_name
    controller, *ports = _free_ports(1 + len(NODES))
    text = CONFIGURATION.format(host=host, user=user, root=root, controller=controller, array=array)
    for name, port in zip(NODES, ports, strict=True):
        text += NODE.format(name=name, host=host, port=port, cores=CORES)
    (root / "slurm.conf").write_text(text, encoding="utf-8")
    gpus = "".join(GPUS.format(name=name, root=root) for name in NODES)
    (root / "gres.conf").write_text(gpus, encoding="utf-8")
    for number in range(2):  # Slurm wants character devices, and /dev/null is one
        (root / f"nvidia{number}").symlink_to("/dev/null")


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _daemon(name: str) -> str:
    found = shutil.which(name, path=search_path())
    assert found, f"{name} is not installed"
    return found
