"""What a command imports decides how soon it answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import Bench

WATCHED = ("pydantic", "pandas", "numpy", "torch", "transformers", "datasets", "huggingface_hub")
SCRIPT = f"""
import sys
from dpsrun.cli.app import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print([name for name in {WATCHED!r} if name in sys.modules], file=sys.stderr)
"""


def imported(bench: Bench, *words: str | Path) -> tuple[set[str], str]:
    """Run a command and give the watched libraries that it imported, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, words)],
        cwd=bench.folder,
        env=bench.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *said, last = ended.stderr.splitlines()
    return {name for name in WATCHED if repr(name) in last}, "\n".join(said)


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_waits_for_no_library(bench: Bench, words: list[str]) -> None:
    assert imported(bench, *words) == (set(), "")


def test_help_of_a_command_waits_for_nothing_but_what_typer_needs(bench: Bench) -> None:
    assert imported(bench, "grid", "--help")[0] <= {"pydantic"}


def test_plan_waits_for_no_library_that_trains_or_reads_data(bench: Bench) -> None:
    trains = {"torch", "transformers", "datasets", "huggingface_hub"}
    assert trains.isdisjoint(imported(bench, "plan", bench.grid())[0])
    assert imported(bench, "plan", "small.yaml")[0] <= {"pydantic"}, "its data are generated now"
