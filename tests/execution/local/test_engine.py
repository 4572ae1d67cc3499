"""The server that workers are forked from, and what a worker finds in its process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dpsrun.execution.devices import Slot
from dpsrun.execution.local.engine import LocalEngine
from dpsrun.execution.local.job import Job
from dpsrun.execution.local.process import Worker
from dpsrun.execution.local.server import preloads, start_server
from dpsrun.execution.local.watch import Watch
from dpsrun.runs.files import can_link
from dpsrun.runs.result import Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.command import PATIENCE
from tests.report.builder import finish, make_results, make_run

LOOK = '''
import gc, json, multiprocessing, os, re, signal, sys
from pathlib import Path
from dpsrun.execution.local import child, server
from dpsrun.execution.devices import Slot
from dpsrun.execution.engine import Conditions


def look(store, run_id, kind, *, conditions, begun, report):
    """Stand in for the work of a run: say what a worker sees."""
    import torch
    status = Path(f"/proc/{os.getppid()}/status").read_text()
    blocked = int(re.search(r"SigBlk:\\t(\\w+)", status)[1], 16)
    Path(store).write_text(json.dumps({
        "threads of the server": int(re.search(r"Threads:\\t(\\d+)", status)[1]),
        "not loaded": [name for name in server.preloads(["bert"]) if name not in sys.modules],
        "datasets is loaded": "datasets" in sys.modules,
        "collects": gc.isenabled(),
        "collects what the server loaded": gc.get_freeze_count() < 100_000,
        "gpu": os.environ["CUDA_VISIBLE_DEVICES"],
        "offline": os.environ["HF_HUB_OFFLINE"],
        "threads of torch": torch.get_num_threads(),
        "leads its session": os.getsid(0) == os.getpid(),
        "cuda": torch.cuda.is_initialized(),
        "hears Ctrl-C": signal.getsignal(signal.SIGINT) != signal.SIG_IGN,
        "hears SIGTERM": signal.getsignal(signal.SIGTERM) != signal.SIG_IGN,
        "is blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "the server blocks": [
            name
            for name in ("SIGHUP", "SIGINT", "SIGTERM")
            if blocked >> signal.Signals[name] - 1 & 1
        ],
    }))


def look_and_live(*arguments):
    child.work = look
    child.live(*arguments)


if __name__ == "__main__":
    server.warm_up(["bert"])
    ours, theirs = multiprocessing.Pipe()
    slot = Slot(0, "cuda", "GPU-of-the-slot")
    context = multiprocessing.get_context("forkserver")
    told = (sys.argv[1], "run", slot, Conditions(), theirs)
    process = context.Process(target=look_and_live, args=told)
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode
    assert "HF_HUB_OFFLINE" not in os.environ
'''


def test_every_module_that_is_preloaded_exists() -> None:
    names = preloads(["bert", "roberta", "xlm-roberta", "electra", "distilbert", "albert"])
    assert [name for name in names if find_spec(name) is None] == []
    assert "transformers.models.xlm_roberta.modeling_xlm_roberta" in names


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_the_server_has_one_thread_and_the_worker_its_own_device(tmp_path: Path) -> None:
    script, answer = tmp_path / "look.py", tmp_path / "answer.json"
    script.write_text(LOOK, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "OMP_"))}
    subprocess.run([sys.executable, script, answer], env=environment, check=True, timeout=PATIENCE)
    assert json.loads(answer.read_text()) == {
        "threads of the server": 1,
        "not loaded": [],
        "datasets is loaded": False,
        "collects": True,
        "collects what the server loaded": False,
        "gpu": "GPU-of-the-slot",
        "offline": "1",
        "threads of torch": 1,
        "leads its session": True,
        "cuda": False,
        "hears Ctrl-C": False,
        "hears SIGTERM": True,
        "is blocked": [],
        "the server blocks": ["SIGHUP", "SIGINT", "SIGTERM"],
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_while_the_server_is_started_is_heard_afterwards(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda number, _frame: heard.append(number))

    monkeypatch.setattr(
        "multiprocessing.forkserver.ensure_running", lambda: os.kill(os.getpid(), number)
    )
    try:
        start_server()
    finally:
        signal.signal(number, before)
    assert heard == [number]


class Unwatched:
    """A view that looks away."""

    def started(self, *_: object) -> None: ...
    def progressed(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...
    def said(self, *_: object) -> None: ...


def end_of_a_worker(
    store: Store, attempt: str | None, exit_code: int, kernel_kills: int | None = None
) -> Result | None:
    """Let the engine look at what a dead worker of the only run left."""
    (run,) = store.run_ids()
    process: Any = SimpleNamespace(exitcode=exit_code)
    slot = Slot(0, "cpu")
    engine = LocalEngine(store, [slot], ["bert"], Unwatched())
    worker = Worker(Job(run), slot, process, Pipe()[0], Watch(None), attempt, kills=kernel_kills)
    return engine._result(worker)


@pytest.mark.parametrize(
    ("exit_code", "outcome", "words"),
    [
        (1, "error", "exit code 1"),
        (-signal.SIGSEGV, "error", "killed by SIGSEGV"),
        (-signal.SIGHUP, "interrupted", "killed by SIGHUP"),
        (-signal.SIGTERM, "interrupted", "killed by SIGTERM"),
        (-signal.SIGINT, "interrupted", "killed by SIGINT"),
        (255, "interrupted", "the server that starts the workers was lost"),
    ],
)
def test_only_a_worker_that_nobody_stopped_is_an_error(
    tmp_path: Path, exit_code: int, outcome: str, words: str
) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): None})
    result = end_of_a_worker(store, None, exit_code)
    assert result is not None
    assert result.failure is not None
    assert result.outcome == outcome
    assert re.search(words, result.failure.message)
    assert state_of(store, result.run) == ("failed" if outcome == "error" else "new")


@pytest.mark.parametrize(
    ("before", "after", "outcome", "words"),
    [
        (7, 8, "oom", "as the kernel does when memory runs out"),
        (7, 7, "interrupted", "not for want of memory"),
        (None, None, "oom", "as the kernel does when memory runs out"),
    ],
)
def test_the_kernels_count_tells_lack_of_memory_from_somebodys_kill(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: int | None,
    after: int | None,
    outcome: str,
    words: str,
) -> None:
    monkeypatch.setattr("dpsrun.execution.local.process.kernel_kills", lambda: after)
    store = make_results(tmp_path, {("rte", "vanilla", 0): None})
    result = end_of_a_worker(store, None, -signal.SIGKILL, before)
    assert result is not None
    assert result.failure is not None
    assert result.outcome == outcome
    assert words in result.failure.message


def test_a_result_that_a_worker_wrote_but_could_not_publish_is_published(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.5})
    written = finish(store, make_run(("rte", "vanilla", 0)), 0.75)
    store.withdraw(written.run)
    assert end_of_a_worker(store, written.attempt, -signal.SIGKILL) == written
    assert store.result(written.run) == written


def test_a_file_system_without_hard_links_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_link(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    assert not can_link(tmp_path)
    assert list(tmp_path.iterdir()) == []
