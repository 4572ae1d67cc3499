"""Which runs a rule means: labels with * and ?, the same in grid files and in `--only`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dpsrun.errors import UserError, nearest
from dpsrun.runs.spec import Run

AXES = ("task", "model", "method", "scenario", "seed")


def matches(pattern: str, label: str) -> bool:
    """Say whether `pattern` means `label`; a row of a sweep also goes by its method's label."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return any(re.fullmatch(wild, name) for name in (label, label.partition(" [")[0]))


def chosen(patterns: Iterable[str], labels: Iterable[str]) -> frozenset[str]:
    """Pick the labels that any of the patterns means."""
    wanted = list(patterns)
    return frozenset(label for label in labels if any(matches(p, label) for p in wanted))


def stray(pattern: str, axis: str, labels: Collection[str]) -> str | None:
    """Say that a pattern means none of the labels of an axis; None if it means one."""
    if chosen([pattern], labels):
        return None
    return f"matches no {axis} of this grid; {nearest(pattern, labels)}"


@dataclass(frozen=True)
class Selector:
    """A rule whose patterns have become sets of labels, so that asking it is quick."""

    allowed: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls, patterns: Mapping[str, Sequence[str]], axes: Mapping[str, Collection[str]]
    ) -> Selector:
        """Settle which labels of each axis the patterns mean."""
        return cls({axis: chosen(wanted, axes[axis]) for axis, wanted in patterns.items()})

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Say whether every axis that the rule names has an allowed label."""
        return all(labels[axis] in allowed for axis, allowed in self.allowed.items())


def select(runs: Sequence[Run], only: Sequence[str]) -> list[Run]:
    """Keep the runs that match one of the rules `task=rte|cola,method=dps-*`; none keep all.

    Raises UserError for an unknown key or a rule that matches nothing.
    """
    labels = [run.labels.model_dump() for run in runs]
    axes = {axis: list(dict.fromkeys(row[axis] for row in labels)) for axis in AXES}
    selectors = [_selector(rule, axes) for rule in only]
    for rule, selector in zip(only, selectors, strict=True):
        if not any(selector.takes(row) for row in labels):
            raise UserError(f"--only {rule}: no run matches")
    if not only:
        return list(runs)
    takers = zip(runs, labels, strict=True)
    return [run for run, row in takers if any(selector.takes(row) for selector in selectors)]


def _selector(rule: str, axes: Mapping[str, Collection[str]]) -> Selector:
    patterns: dict[str, list[str]] = {}
    for part in rule.split(","):
        axis, equals, values = (piece.strip() for piece in part.partition("="))
        if not equals or not values:
            raise UserError(f"--only {rule}: write KEY=PATTERN, for example task=rte")
        if axis not in AXES:
            raise UserError(f"--only {rule}: there is no key {axis!r}; {nearest(axis, AXES)}")
        patterns.setdefault(axis, []).extend(value.strip() for value in values.split("|"))
    for axis, wanted in patterns.items():
        for value in wanted:
            if lost := stray(value, axis, axes[axis]):
                raise UserError(f"--only {rule}: {value!r} {lost}")
    return Selector.of(patterns, axes)
