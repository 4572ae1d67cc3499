"""The server that workers are forked from, and what a worker finds in its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from dpsrun.execution.local import preloads
from tests.command import PATIENCE

LOOK = '''
import json, multiprocessing, os, re, sys
from pathlib import Path
from dpsrun.execution import local
from dpsrun.execution.devices import Slot


def look(store, run_id, kind, *, begun, report):
    """Stand in for the work of a run: say what a worker sees."""
    import torch
    status = Path(f"/proc/{os.getppid()}/status").read_text()
    Path(store).write_text(json.dumps({
        "threads of the server": int(re.search(r"Threads:\\t(\\d+)", status)[1]),
        "not loaded": [name for name in local.preloads(["bert"]) if name not in sys.modules],
        "datasets is loaded": "datasets" in sys.modules,
        "gpu": os.environ["CUDA_VISIBLE_DEVICES"],
        "offline": os.environ["HF_HUB_OFFLINE"],
        "threads of torch": torch.get_num_threads(),
        "leads its session": os.getsid(0) == os.getpid(),
        "cuda": torch.cuda.is_initialized(),
    }))


def child(*arguments):
    local.work = look
    local._child(*arguments)


if __name__ == "__main__":
    local.warm_up(["bert"])
    ours, theirs = multiprocessing.Pipe()
    slot = Slot(0, "cuda", "GPU-of-the-slot")
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=child, args=(sys.argv[1], "run", slot, theirs))
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
        "gpu": "GPU-of-the-slot",
        "offline": "1",
        "threads of torch": 1,
        "leads its session": True,
        "cuda": False,
    }
