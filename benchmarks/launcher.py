"""`dpsrun`, telling its own peak memory: `python -m benchmarks.launcher FILE WORDS...` (Linux)."""

from __future__ import annotations

import sys
from pathlib import Path

from dpsrun.cli.app import main as dpsrun

STATUS = Path("/proc/self/status")


def main() -> None:
    """Do what the words say; at the end write the largest resident memory in KiB to FILE."""
    file = Path(sys.argv.pop(1))
    try:
        dpsrun()
    finally:
        # Unlike that of `getrusage`, this figure does not begin with the parent's.
        lines = STATUS.read_text(encoding="utf-8").splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        file.write_text(peak.split()[1], encoding="utf-8")


if __name__ == "__main__":
    main()
