"""A command in a copy of this process: all is as in the installed one, but Python is there already.

For tests of many words that the same command is told; half a second each is saved.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

import dpsrun.cli.executors
import dpsrun.execution.outdated
import dpsrun.execution.plan
import dpsrun.report.produce
import dpsrun.report.run
import dpsrun.report.status  # noqa: F401 (what the commands load first)
from dpsrun.cli.app import main


def run(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], patience: int
) -> tuple[int, str, str]:
    """Run a command to its end; give its exit code and what it said on both channels."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        child = os.fork()
        if not child:
            signal.alarm(patience)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            _live(words, folder, environment)
        _, status = os.waitpid(child, 0)
        for stream in (out, err):
            stream.seek(0)
        return os.waitstatus_to_exitcode(status), out.read(), err.read()


def _live(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> NoReturn:
    """Be the command."""
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["dpsrun", *words]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 (as Python itself ends)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
