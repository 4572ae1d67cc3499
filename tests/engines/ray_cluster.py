"""A real Ray on this host: two nodes, loopback only, gone with the test."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.waiting import until
from tests.command import PATIENCE
from tests.engines.grids import Work
from tests.engines.processes import kill, marked
from tests.places import ROOT

if TYPE_CHECKING:
    from dpsrun.execution.ray.engine import RayEngine


def installed() -> bool:
    return importlib.util.find_spec("ray") is not None


@dataclass(frozen=True)
class RayCluster:
    """Where it is, the processes that are its nodes, and further variables of all."""

    root: Path
    address: str
    nodes: tuple[int, ...]
    more: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find this cluster and no other."""
        return {**variables(self.root), **self.more, "RAY_ADDRESS": self.address}

    def processes_of(self, node: int) -> list[int]:
        """Find what tasks of a node have started, and the workers that do them."""
        return marked(f"RAY_TMPDIR={self.root}", f"RAY_RAYLET_PID={node}")

    def lose(self, node: int) -> None:
        """Let a node die with all that runs there."""
        kill([node, *self.processes_of(node)])


def variables(root: Path) -> dict[str, str]:
    """Give what keeps Ray to this host's loopback, to one folder, and from calling home."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {
        "HOME": str(root),
        "PYTHONPATH": path,
        "PYTHONSAFEPATH": "1",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_TMPDIR": str(root),
        "RAY_USAGE_STATS_ENABLED": "0",
    }


@contextlib.contextmanager
def running(more: Mapping[str, str]) -> Iterator[RayCluster]:
    """Give a cluster that is up; whatever becomes of the test, all of it ends.

    Args:
        more: further variables of its processes and of its clients.
    """
    root = Path(tempfile.mkdtemp(prefix="ray"))  # Ray's sockets want a short path
    file = root / "nodes.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engines.ray_nodes", file],
        env={**os.environ, **variables(root), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        until(file.exists, process)
        facts = json.loads(file.read_text(encoding="utf-8"))
        yield RayCluster(root, facts["address"], tuple(facts["nodes"]), more)
    finally:
        until(lambda: not kill(marked(f"RAY_TMPDIR={root}", f"HOME={root}")))
        process.communicate(timeout=PATIENCE)
        shutil.rmtree(root, ignore_errors=True)


class OnRay(Work):
    """A results folder with runs to do on Ray; `demand` is what a run is given."""

    @property
    def engine(self) -> RayEngine:
        """Connect, and make an engine, as each command does; leaving it disconnects."""
        from dpsrun.execution.ray import cluster
        from dpsrun.execution.ray.engine import RayEngine

        cluster.connect("auto")
        return RayEngine(self.store, self.seen, self.demand or cluster.Demand(), self.options)

    def gpus(self) -> list[tuple[int, str]]:
        """Name the node where each run is at work, and the GPUs that it sees."""
        places = self.at_work()
        return [(int(each["RAY_RAYLET_PID"]), each["CUDA_VISIBLE_DEVICES"]) for each in places]
