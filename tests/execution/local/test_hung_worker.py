"""A worker that gives no sign of life any more is killed with everything it started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dpsrun.runs.result import Result
from tests.cli.waiting import alive
from tests.command import Bench
from tests.places import ROOT
from tests.report.builder import make_results

HANG = '''
import multiprocessing, os, signal, subprocess, sys
from pathlib import Path
from dpsrun.execution import worker
from dpsrun.execution.local import watch
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.local.engine import LocalEngine
from dpsrun.runs.store import Store
from tests.execution.local.test_engine import Unwatched


def hang(task, report):
    """Stand in for a fine-tune: start a process, then stop for ever."""
    subprocess.Popen(["sleep", "1000"])
    os.kill(os.getpid(), signal.SIGSTOP)


worker._attempt = hang

if __name__ == "__main__":
    watch.LEASE_SECONDS, watch.DOUBT_SECONDS, watch.PULSE_SECONDS = 0.5, 0.2, 0.1
    store = Store(Path(sys.argv[1]))
    engine = LocalEngine(store, [Slot(0, "cpu")], (), Unwatched())
    multiprocessing.get_context("forkserver").set_forkserver_preload([])
    drive(engine, store.run_ids())
'''


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_a_hung_worker_is_killed_with_its_group(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): None})
    (tmp_path / "hang.py").write_text(HANG, encoding="utf-8")
    bench = Bench(tmp_path, {"EXTRA_WAIT": str(tmp_path), "PYTHONPATH": str(ROOT)})
    ended = bench.run([sys.executable, "hang.py", store.root])
    assert ended.code == 0, ended.err
    (run,) = store.run_ids()
    result = store.result(run)
    assert isinstance(result, Result)
    assert result.outcome == "timeout"
    assert result.failure is not None
    assert result.failure.message.startswith("gave no sign of life for ")
    assert not alive(bench)
