"""Which runs a rule means: labels with * and ?, the same in grid files and in `--only`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dpsrun.errors import UserError, nearest
from dpsrun.runs.spec import Run

AXES = ("task", "model", "method", "scenario", "seed")
WILD = frozenset("*?")

LISTED = 100
"""Labels from which on none is proposed for a pattern that means none."""


def matches(pattern: str, label: str) -> bool:
    """Say whether `pattern` means `label`; a row of a sweep also goes by its method's label."""
    wild = pattern.replace("[", "[[]")
    return any(fnmatchcase(name, wild) for name in _names(label))


def _names(label: str) -> tuple[str, str]:
    return label, label.partition(" [")[0]


def chosen(patterns: Iterable[str], labels: Collection[str]) -> frozenset[str]:
    """Pick the labels that any of the patterns means."""
    wanted = set(patterns)
    wild = [pattern for pattern in wanted if not WILD.isdisjoint(pattern)]
    named = (label for label in labels if not wanted.isdisjoint(_names(label)))
    meant = (label for pattern in wild for label in labels if matches(pattern, label))
    return frozenset((*named, *meant))


def stray(pattern: str, axis: str, labels: Collection[str]) -> str | None:
    """Say that a pattern means none of the labels of an axis; None if it means one."""
    if pattern in labels or chosen([pattern], labels):
        return None
    hint = f"; {nearest(pattern, labels)}" if len(labels) < LISTED else ""
    return f"matches no {axis} of this grid{hint}"


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
