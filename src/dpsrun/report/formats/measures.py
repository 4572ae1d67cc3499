"""What scores are of, in the words of papers."""

from __future__ import annotations

from collections.abc import Iterable

from dpsrun.report.analysis.measured import Measure

NAMES = {
    "f1": "F1",
    "matthews": "Matthews correlation",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
}
"""Usual names of metrics that are not called so in `dpsrun.tasks`."""


def measured(found: Iterable[Measure]) -> str:
    """Name the measure of each task: `mrpc mean of accuracy and F1 (408 examples)`."""
    return "; ".join(f"{each.name} {_words(each)}{_examples(each)}" for each in found)


def in_short(found: Iterable[Measure]) -> str:
    """Name each measure once: `accuracy (rte, qnli), Matthews correlation (cola)`."""
    tasks: dict[str, list[str]] = {}
    for each in found:
        tasks.setdefault(_words(each), []).append(each.name)
    if len(tasks) == 1:
        return next(iter(tasks))
    return ", ".join(f"{words} ({', '.join(own)})" for words, own in tasks.items())


def _words(measure: Measure) -> str:
    names = [NAMES.get(name, name) for name in measure.metrics]
    metrics = names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"
    over = f" over {' and '.join(measure.splits)}"
    return metrics + (over if len(measure.splits) > 1 else "")


def _examples(measure: Measure) -> str:
    return "" if measure.examples is None else f" ({measure.examples:,} examples)"
