"""States and single runs in words: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dpsrun.report.formats.tables import NOTHING, outcome
from dpsrun.report.run import Attempt, Dossier
from dpsrun.report.status import AtWork, Progress, Trouble
from dpsrun.report.terminal import print_lines, print_table
from dpsrun.runs.result import Evaluation, Result
from dpsrun.runs.store import Damaged


def print_status(
    counted: Sequence[Progress],
    running: Sequence[AtWork],
    found: Sequence[Trouble],
    damaged: Sequence[Damaged],
) -> None:
    """Print the counts of each grid, who is at work, the runs without a score, damaged files."""
    header = ("grid", "runs", "new", "running", "done", "failed", "stale", "outcomes")
    if counted:
        print_table("grids", header, [_progress_line(one) for one in counted])
    else:
        print_lines(["no grid is noted here: `dpsrun grid GRID` notes which runs it has"])
    print_lines(map(str, running))
    for trouble in found:
        print_lines([f"{trouble.run}: {trouble.outcome}: {trouble.message}", f"  {trouble.log}"])
    files = [*damaged, *(file for one in counted for file in one.damaged)]
    print_lines(f"{file.path} is damaged: {file.reason}" for file in dict.fromkeys(files))


def _progress_line(one: Progress) -> list[str]:
    outcomes = ", ".join(f"{number} {name}" for name, number in one.outcomes.items())
    counts = (one.runs, one.new, one.running, one.done, one.failed, one.stale)
    return [one.grid, *map(str, counts), outcomes or NOTHING]


def status_json(
    counted: Sequence[Progress],
    running: Sequence[AtWork],
    found: Sequence[Trouble],
    damaged: Sequence[Damaged],
) -> dict[str, Any]:
    """Give what `print_status` prints as JSON."""
    return {
        "grids": [{**asdict(one), "damaged": list(map(_file, one.damaged))} for one in counted],
        "running": [{**asdict(one), "pulse": one.pulse.model_dump()} for one in running],
        "failures": [{**asdict(trouble), "log": str(trouble.log)} for trouble in found],
        "damaged": list(map(_file, damaged)),
    }


def _file(file: Damaged) -> dict[str, str]:
    return {"path": str(file.path), "reason": file.reason}


def dossier_json(found: Dossier) -> dict[str, Any]:
    """Give everything about a run as JSON."""
    return {
        "run": found.run,
        "state": found.state,
        "labels": {grid: labels.model_dump() for grid, labels in found.labels.items()},
        "order": found.order.model_dump(mode="json") if found.order else None,
        "result": _result_json(found.result),
        "attempts": [
            {
                "attempt": attempt.name,
                "outcome": _ended(attempt),
                "log": str(attempt.log),
                "result": _result_json(attempt.result),
            }
            for attempt in found.attempts
        ],
    }


def _result_json(result: Result | Damaged | None) -> dict[str, Any] | None:
    if isinstance(result, Damaged):
        return {"damaged": _file(result)}
    return result.model_dump(mode="json") if result else None


def _ended(attempt: Attempt) -> str:
    return "unfinished" if attempt.result is None else outcome(attempt.result)


def print_dossier(found: Dossier) -> None:
    """Print everything about a run."""
    print_lines(_sections(found))


def _sections(found: Dossier) -> Iterator[str]:
    yield f"{found.run}: {found.state}"
    for grid, labels in found.labels.items():
        yield from _section(f"in grid {grid}", labels.model_dump())
    if found.order:
        yield from _section("spec", found.order.spec.model_dump(mode="json"))
        yield from _section("inputs", found.order.places.model_dump())
    yield from ("", "attempts", *map(_attempt_line, found.attempts))
    if isinstance(found.result, Damaged):
        yield f"{found.result.path} is damaged: {found.result.reason}"
    elif found.result:
        yield from _result_sections(found.result)


def _attempt_line(attempt: Attempt) -> str:
    timing = attempt.result.timing if isinstance(attempt.result, Result) else None
    seconds = f" in {timing.total:.1f} s" if timing else ""
    return f"  {attempt.name}: {_ended(attempt)}{seconds}, {attempt.log}"


def _result_sections(result: Result) -> Iterator[str]:
    yield from ("", "scores", *(_epoch_line(result, one) for one in result.evaluations))
    record = result.model_dump(mode="json")
    parts = ("majority", "effective", "method", "timing", "peak_memory_bytes", "hashes")
    for part in (*parts, "environment"):
        yield from _section(part.replace("_", " "), record[part] or {})
    if failure := result.failure:
        yield from ("", f"{failure.kind}: {failure.message}")
        yield from _block("traceback", failure.traceback)
        yield from _block("end of the log", failure.log_tail)


def _epoch_line(result: Result, one: Evaluation) -> str:
    marks = [name for name in ("best", "last") if getattr(result, name) == one]
    metrics = dict(_flat(one.metrics))
    words = [f"{name} {_value(value)}" for name, value in metrics.items()]
    marked = f" ({', '.join(marks)})" if marks else ""
    values = f"primary {_value(one.primary)}, {', '.join(words)}"
    return f"  epoch {one.epoch}, step {one.step}: {values}{marked}"


def _section(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values:
        yield from ("", title)
        yield from (f"  {name}: {_value(value)}" for name, value in _flat(values))


def _block(title: str, text: str) -> Iterator[str]:
    if text:
        yield from ("", title, *(f"  {line}" for line in text.splitlines()))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _value(value: object) -> str:
    """Write a value; four significant figures would hide small differences, so six."""
    if value is None:
        return NOTHING
    return f"{value:.6g}" if isinstance(value, float) else str(value)
