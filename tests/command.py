"""The installed command, started as a user starts it, on a tiny model and small grids."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.places import ROOT
from tests.standin import PROGRAM

DPSRUN = Path(sys.executable).with_name("dpsrun")
PATIENCE = 300
"""Seconds after which a command is taken for stuck, on however busy a machine."""

FOREIGN = ("HF_", "COV_", "COVERAGE_", "FORCE_COLOR", "TTY_", "COLUMNS", "LINES")
"""Variables of the shell around the tests that would change what a command shows or finds."""

METHODS: tuple[Any, ...] = ("vanilla", {"label": "still", "method": "vanilla", "dropout": 0.0})
TRAINING = {"batch_size": 16, "epochs": 2, "learning_rate": 0.001, "max_length": 64}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said; a traceback of its own is never a good way to say it.

    Those of runs that failed are shown indented.
    """

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert not re.search("^Traceback", self.err, re.MULTILINE), self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Bench:
    """A folder to work in, with an environment that sees no GPU, no network and no home."""

    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str | Path] = (DPSRUN,)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)
        }
        return {
            **inherited,
            "CUDA_VISIBLE_DEVICES": "",
            "DPSRUN_CACHE": str(self.folder / "cache"),
            "HF_HOME": str(self.folder / "hub"),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            **self.extra,
        }

    def given(self, **extra: str) -> Bench:
        """Give the same bench with more variables in its environment."""
        return replace(self, extra={**self.extra, **extra})

    def finding(self, *places: Path) -> Bench:
        """Give the same bench where Python finds what lies in these folders too."""
        before = self.environment.get("PYTHONPATH")
        return self.given(PYTHONPATH=os.pathsep.join([*map(str, places), *filter(None, [before])]))

    @property
    def quick(self) -> Bench:
        """The same bench with a stand-in for trainings."""
        return replace(self.finding(ROOT), program=PROGRAM)

    def copied(self, folder: Path) -> Bench:
        """Copy everything to a new folder; give a bench there."""
        return replace(self, folder=shutil.copytree(self.folder, folder, symlinks=True))

    def say(self, *words: str | Path) -> Ended:
        """Run a command of ours to its end."""
        return self.run([*self.program, *map(str, words)])

    def fork(self, *words: str | Path) -> Ended:
        """Run a command of ours to its end, without starting Python for it."""
        from tests import forked

        return Ended(*forked.run([*map(str, words)], self.folder, self.environment, PATIENCE))

    def run(self, words: Sequence[str | Path]) -> Ended:
        """Run any command to its end."""
        ended = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start a command in a session of its own, as from a terminal of its own."""
        return subprocess.Popen(
            [*self.program, *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def grid(
        self,
        *,
        name: str = "small",
        seeds: Iterable[int] = (0,),
        methods: Iterable[Any] = METHODS,
        tasks: Iterable[str] = ("mini-rte",),
        model: str = "./tiny",
        **more: Any,
    ) -> Path:
        """Write a grid file of short runs (JSON is YAML too)."""
        content = {
            "name": name,
            "tasks": list(tasks),
            "models": [model],
            "methods": list(methods),
            "seeds": list(seeds),
            "scenario": "low-resource(32)",
            "training": TRAINING,
            **more,
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return path
