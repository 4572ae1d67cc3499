"""What a node of Ray does for a run; Ray sends it there, so it needs the standard library alone."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

LOOK_SECONDS = 0.2
GRACE_SECONDS = 12.0
"""More than `dpsrun work` gives its own workers."""


def run(words: Sequence[str], log: str) -> int:
    """Run a command to its end, adding what it says to a log; give its exit code.

    Ray cancels a task as Ctrl-C would, which a node that was started in the background is deaf to;
    the command is then asked to stop. If this process is killed, Ray ends the command.

    Raises OSError where the log or the command is not seen.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(log).open("ab") as said:
        command = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        while command.poll() is None:  # Ray interrupts only between two steps of Python
            time.sleep(LOOK_SECONDS)
    finally:
        _end(command)
    return command.returncode


def _end(command: subprocess.Popen[bytes]) -> None:
    """Ask a command to stop, if it has not; a deaf one is killed."""
    if command.poll() is None:
        command.terminate()
        try:
            command.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
