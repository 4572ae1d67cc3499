"""A method of another package, written as CONTRIBUTING says, installed as its users would."""

from __future__ import annotations

import shutil
import sys

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.command import Bench
from tests.places import ROOT

EXAMPLE = ROOT / "tests" / "example_method"
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index", "--no-compile")
METHODS = (
    {"method": "noisy-tune", "noise_intensity": 0.5},
    {"method": "dps-dense+noisy-tune", "noise_intensity": 0.5, "update_ratio": 0.5},
)


def test_it_works_alone_and_combined_with_ours(bench: Bench) -> None:
    shutil.copytree(EXAMPLE, bench.folder / "example")
    bench.run([*PIP, *OFFLINE, "--target", "installed", "./example"])
    theirs = bench.finding(bench.folder / "installed")
    ended = theirs.say("grid", theirs.grid(methods=METHODS), "--workers", "1")
    assert ended.code == 0, ended.err
    assert "noisy-tune+dps-dense" in ended.out
    store = Store(bench.folder / "results")
    records = [store.result(run) for run in store.run_ids()]
    told = [record.method for record in records if isinstance(record, Result)]
    noise = {"noise_intensity": 0.5}
    assert noise in told
    assert [both["noisy-tune"] for both in told if "dps-dense" in both] == [noise]
