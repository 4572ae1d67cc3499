"""What people run without the product: `python -m benchmarks.peer JOB loop|trainer`.

`loop` is the bare PyTorch loop that many write; `trainer` the usual GLUE script on transformers'
public Trainer, which needs `accelerate`. JOB is a file that holds a `Job` as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.loop import Job, Program


def main() -> None:
    """Do the job that the command line names; print the outcome as the last line."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    kind = Program
    if sys.argv[2] == "trainer":
        from benchmarks.trainer import WithTrainer as kind  # noqa: N813, PLC0415 (slow to load)
    sys.stdout.write(f"\n{json.dumps(asdict(kind(job).run()))}\n")


if __name__ == "__main__":
    main()
