"""Ray's calls as functions: the connection, what the nodes have, and tasks."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray import cloudpickle, exceptions
from ray._private import services

from dpsrun.errors import UserError
from dpsrun.execution.ray import task

CONNECT_SECONDS = 5.0
"""Ray itself would try for minutes where nobody listens."""

SETTINGS = 4
"""The kind of a frame of HTTP/2."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, SETTINGS, 0, 0, 0, 0, 0))
"""The first words of a client (RFC 9113, section 3.4), and settings that change nothing."""

AUTHENTICATION = (
    "if the cluster wants a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to its file"
)

Ref = Any
"""Ray's handle of a task (`ray.ObjectRef`)."""


@dataclass(frozen=True)
class Demand:
    """What a run is given: cores, and GPUs or a part of one."""

    cpus: int = 1
    gpus: float = 0.0

    def fit(self, resources: dict[str, float]) -> int:
        """Count the runs that a node with these resources can do at a time."""
        runs = int(resources.get("CPU", 0) // self.cpus)
        return min(runs, int(resources.get("GPU", 0)) * int(1 / self.gpus)) if self.gpus else runs

    def __str__(self) -> str:
        """Say it as the options do."""
        return f"--cpus-per-run {self.cpus} --gpus-per-run {self.gpus:g}"


@dataclass(frozen=True)
class Ending:
    """How a task ended; `lost` where its process or its node was, not by what it did."""

    words: str
    lost: bool = False


def connect(address: str) -> None:
    """Connect to the cluster at HOST:PORT, or to the one that `auto` finds.

    Raises UserError where there is none, or where it does not let us in.
    """
    place = f"--ray-address {address}"
    if known := _known(address):
        _check_there(place, known)
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, exceptions.AuthenticationError) as error:
        raise UserError(f"{place}: {_first(error)}; {AUTHENTICATION}") from error
    except (exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{place}: {_in_one_line(error)}") from error
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)  # Ray's handler is noisy


def answers() -> bool:
    """Say whether the head can be reached; asked for more, Ray would wait for it in silence."""
    return _listens(ray.get_runtime_context().gcs_address)


def disconnect() -> None:
    """Leave the cluster; whatever tasks of ours are left there, it ends."""
    ray.shutdown()


def at_a_time(demand: Demand) -> int:
    """Count the runs that the cluster can do at a time; a run is done on one node."""
    return sum(demand.fit(resources) for resources in _resources())


def check(demand: Demand) -> None:
    """Raise UserError if no node can ever meet a demand: Ray would wait for one that can."""
    if not at_a_time(demand):
        found = sorted({(each.get("CPU", 0), each.get("GPU", 0)) for each in _resources()})
        nodes = "; ".join(f"{cpus:g} CPUs, {gpus:g} GPUs" for cpus, gpus in found)
        raise UserError(f"{demand}: no node of the Ray cluster has so much; its nodes have {nodes}")


def start(words: Sequence[str], log: str, demand: Demand) -> Ref:
    """Give a command to the cluster; what is lost is not started again by Ray."""
    cloudpickle.register_pickle_by_value(task)
    options = {"num_cpus": demand.cpus, "num_gpus": demand.gpus, "max_retries": 0}
    remote = ray.remote(task.run).options(**options, scheduling_strategy="SPREAD")
    return remote.remote(list(words), log)


def over(refs: Collection[Ref], seconds: float) -> list[Ref]:
    """Give the tasks that are over; waits so long for the first."""
    if not refs:
        time.sleep(seconds)
        return []
    first, rest = ray.wait(list(refs), timeout=seconds)
    also, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
    return [*first, *also]


def ending(ref: Ref) -> Ending:
    """Say how a task ended that is over."""
    try:
        return Ending(f"its task ended with exit code {ray.get(ref)}")
    except exceptions.TaskCancelledError:
        return Ending("its task was cancelled")
    except exceptions.RayTaskError as error:
        return Ending(f"its task failed: {error.cause}")
    except exceptions.RayError as error:
        return Ending(f"its task was lost: {_first(error)}", lost=True)


def cancel(refs: Collection[Ref], seconds: float = 0.0) -> None:
    """Cancel tasks; those that are not over after so many seconds are killed."""
    for ref in refs:
        ray.cancel(ref)
    if refs and seconds:
        _, deaf = ray.wait(list(refs), num_returns=len(refs), timeout=seconds)
        for ref in deaf:
            ray.cancel(ref, force=True)


def _resources() -> list[dict[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _known(address: str) -> str:
    """Give the address that Ray will use, which for `auto` it finds on this node; or nothing."""
    if address != "auto":
        return address
    try:
        return str(services.get_ray_address_from_environment(address, None))
    except ConnectionError:  # it says so once more
        return ""


def _check_there(place: str, address: str) -> None:
    """Raise UserError where no cluster is: Ray would try for minutes, and say nothing."""
    if "://" in address:
        words = "start the command on a node of the cluster, and say HOST:PORT"
        raise UserError(f"{place}: {words}, not {address}")
    if not _listens(address):
        raise UserError(f"{place}: no Ray cluster answers at {address}")
    if not _speaks(address):
        raise UserError(f"{place}: what answers at {address} is no Ray cluster")


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return True  # Ray says what is wrong with it
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        return False
    return True


def _speaks(address: str) -> bool:
    """Say whether a gRPC server is there, as Ray's head is one: Ray would wait for it in silence.

    A server of HTTP/2 answers with its settings.
    """
    host, _, port = address.rpartition(":")
    if os.environ.get("RAY_USE_TLS") == "1" or not (host and port.isdigit()):
        return True  # Ray says what is wrong with it
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as there:
            there.sendall(
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, SETTINGS, *bytes(5)))
            )
            answer = there.recv(4)
    except OSError:
        return False
    return answer[3:] == bytes((SETTINGS,))


def _first(error: Exception) -> str:
    """Give the first sentence of an error; those of Ray have paragraphs."""
    return str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
