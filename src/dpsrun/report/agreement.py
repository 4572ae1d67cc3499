"""Whether the repetition of a run came to the same, and if not, what else was different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dpsrun.runs.result import Failure, Result

CONDITIONS = {"code", "resumed_at", "effective", "environment"}
"""The parts of a result that say how it was computed."""


@dataclass(frozen=True)
class Difference:
    """A condition that was not the same the second time."""

    name: str
    original: object
    repetition: object

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.name}: {self.original}, now {self.repetition}"


@dataclass(frozen=True)
class Agreement:
    """What the repetition of a run has shown.

    Attributes:
        run: its id.
        same: name of a hash -> whether the repetition has it alike; empty if it has none.
        differences: between the conditions that both results state.
        failure: why the repetition has no hashes.
    """

    run: str
    same: Mapping[str, bool]
    differences: tuple[Difference, ...]
    failure: Failure | None

    @property
    def agrees(self) -> bool:
        """Whether the repetition came to its end, with the same hashes."""
        return self.failure is None and all(self.same.values())


def compare(original: Result, repetition: Result | None) -> Agreement:
    """Compare a result that has hashes with that of its repetition; None if there is none."""
    if repetition is None:
        lost = Failure(kind="interrupted", message="it left no result")
        return Agreement(original.run, {}, (), lost)
    first, again = original.hashes, repetition.hashes
    same = {name: again.get(name) == value for name, value in first.items()}
    return Agreement(
        run=original.run,
        same={} if repetition.failure else same,
        differences=tuple(_differences(_conditions(original), _conditions(repetition))),
        failure=repetition.failure,
    )


def _conditions(result: Result) -> dict[str, Any]:
    return result.model_dump(mode="json", include=CONDITIONS)


def _differences(
    first: Mapping[str, Any], again: Mapping[str, Any], prefix: str = ""
) -> Iterator[Difference]:
    """Go through what both state: what only one states says nothing of the other."""
    for name in first:
        if name not in again or first[name] == again[name]:
            continue
        if isinstance(first[name], Mapping) and isinstance(again[name], Mapping):
            yield from _differences(first[name], again[name], f"{prefix}{name}.")
        else:
            yield Difference(f"{prefix}{name}", first[name], again[name])


def agreement_lines(found: Agreement) -> Iterator[str]:
    """Word what a repetition has shown; where it is not the same, with the likely causes."""
    if found.failure:
        yield f"{found.run}: the repetition failed: {found.failure.kind}: {found.failure.message}"
        traceback = "" if found.failure.kind == "interrupted" else found.failure.traceback
        for text in (traceback, found.failure.log_tail):
            yield from (f"  {line}" for line in text.splitlines())
    else:
        yield f"{found.run}: {', '.join(f'{n} {word}' for n, word in _words(found).items())}"
    if not found.agrees:
        yield from (f"  {difference}" for difference in found.differences)
    if not (found.agrees or found.failure or found.differences):
        yield "  nothing else that is recorded differs"


def agreement_json(found: Agreement) -> dict[str, Any]:
    """Give the same for machines."""
    return {
        "run": found.run,
        "agrees": found.agrees,
        "hashes": _words(found),
        "differences": [vars(difference) for difference in found.differences],
        "failure": found.failure.model_dump(mode="json") if found.failure else None,
    }


def _words(found: Agreement) -> dict[str, str]:
    return {name: "same" if same else "different" for name, same in found.same.items()}
