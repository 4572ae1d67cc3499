"""The cells of a report that did what a paper did, beside what it published.

A cell is put beside a published row only where the encoder, the task, the method with its
parameters and the length of training are the same; what else was done otherwise is said in words.
That the weights are the published ones no report can know. They are taken to be where the grid
labels the model by the published name (the usual label of a hub id or a folder), and where runs
record the architecture, dropout and number of parameters of that encoder: the cased and the uncased
BERT differ in the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from dpsrun.methods.registry import BUILT_IN
from dpsrun.report.aggregate import Row, Summary, summarise
from dpsrun.report.analysis.published import (
    DEVELOPMENT,
    Encoder,
    Published,
    PublishedRow,
    Score,
    Study,
    load,
)
from dpsrun.report.named import Named
from dpsrun.report.read import Report
from dpsrun.runs.result import Result
from dpsrun.runs.store import Order

LARGEST_HEAD = 100_000
"""Parameters that a head may add; the vocabularies of two encoders differ by more."""


@dataclass(frozen=True)
class Reproduction(Named):
    """A cell beside a published score of the same.

    Attributes:
        task: the task.
        ours: our scores after the last epoch, in the published metric.
        expected: how many of them the grid asks for.
        study: how the published score was made.
        row: the row it stands in.
        differences: what was done otherwise, in words.
    """

    task: str
    ours: Summary
    expected: int
    study: Study
    row: PublishedRow
    differences: tuple[str, ...]

    @property
    def metric(self) -> str:
        """The metric of both scores."""
        return self.study.metrics[self.task]

    @property
    def published(self) -> Score:
        """The published score."""
        return self.row.scores[self.task]

    @property
    def difference(self) -> float | None:
        """Our mean less the published one, in natural units; None without a score of ours."""
        return None if self.ours.mean is None else self.ours.mean - self.published.mean


def reproductions(report: Report) -> tuple[Reproduction, ...]:
    """Put each cell that has scores beside what was published for the same, in their order."""
    return tuple(
        found
        for row in report.last.rows
        for cell in row.cells
        for found in _of_cell(report, row, cell.column.task)
    )


def _of_cell(report: Report, row: Row, task: str) -> Iterator[Reproduction]:
    entries, known, name = report.runs(row, task), load(), row.model.casefold()
    results = [entry.trained for entry in entries if entry.trained]
    # The specs of a cell differ in the seeds alone.
    order = next((entry.order for entry in entries if entry.order), None)
    if order is None or not results or not _is_published(order, known, name):
        return
    for study in known.studies:
        for published in study.rows:
            alike = name in study.encoders and _is_alike(order, study, published)
            if alike and _ran_alike(results, known.encoders[name], published):
                yield Reproduction(
                    *row.key,
                    task=task,
                    ours=_measured(results, study.metrics[task]),
                    expected=len(entries),
                    study=study,
                    row=published,
                    differences=tuple(_differences(order, study, published)),
                )


def _is_published(order: Order, known: Published, model: str) -> bool:
    """Say whether a run is of a published encoder, by its label, and of all of a published task."""
    spec, encoder = order.spec, known.encoders.get(model)
    return (
        encoder is not None
        and spec.architecture == encoder.architecture
        and spec.scenario.kind == "full"
        and known.tasks.get(spec.task) == order.train_examples
    )


def _is_alike(order: Order, study: Study, row: PublishedRow) -> bool:
    """Say whether a run's task, method and length are those of a published row."""
    spec = order.spec
    return (
        spec.task in row.scores
        and spec.method == row.method
        # Where the source is silent, any value will do but 0 and null, which mean vanilla.
        and all(
            spec.params.get(name) in tried if tried else spec.params.get(name)
            for name, tried in row.params.items()
        )
        and _is_as_long(_epochs(order), study, row)
    )


def _is_as_long(epochs: float, study: Study, row: PublishedRow) -> bool:
    if study.epochs is None:
        return True
    return epochs > study.epochs if row.steps else epochs == study.epochs


def _epochs(order: Order) -> float:
    return order.total_steps / order.spec.training.epoch_steps(order.train_examples)


def _ran_alike(results: Iterable[Result], encoder: Encoder, row: PublishedRow) -> bool:
    """Say whether runs had the parameters of an encoder with a head, and a row's dropout."""
    return all(
        0 < result.effective.get("parameters", 0) - encoder.parameters < LARGEST_HEAD
        and set(result.effective.get("dropout", {}).values()) == {row.dropout}
        for result in results
    )


def _measured(results: Iterable[Result], metric: str) -> Summary:
    """Summarise a metric after the last epoch, a mean of splits; undefined ones are left out."""
    scores = (_score(result, metric) for result in results)
    return summarise(score for score in scores if score is not None)


def _score(result: Result, metric: str) -> float | None:
    splits = result.last.metrics.values() if result.last else ()
    values = [split.get(metric) for split in splits]
    defined = [value for value in values if value is not None]
    return fmean(defined) if defined and defined == values else None


def _differences(order: Order, study: Study, row: PublishedRow) -> Iterator[str]:
    """Say what was done otherwise than in a study."""
    if study.split != DEVELOPMENT:
        yield f"evaluated on {study.split}, ours on {DEVELOPMENT}"
    if study.checkpoint != "last":
        yield f"checkpoint {study.checkpoint or 'not stated'}, ours last"
    if row.steps:
        yield f"steps chosen among {_listed(row.steps)}, ours {order.total_steps}"
    if study.epochs is None:
        yield f"epochs not stated, ours {_epochs(order):g}"
    training, params = order.spec.training, order.spec.params
    for name, tried in (study.training | row.training).items():
        yield from _choice(name, tried, getattr(training, name))
    for name, tried in row.params.items():
        yield from _choice(name, tried, params[name])
    yield from _departures(row, params)


def _choice(name: str, tried: list[float | str], ours: object) -> Iterator[str]:
    """Word how a setting was chosen, unless it was set to ours."""
    if tried != [ours]:
        chosen = "chosen among " if len(tried) > 1 else ""
        yield f"{name} {chosen}{_listed(tried) or 'not stated'}, ours {_shown(ours)}"


def _departures(row: PublishedRow, params: Mapping[str, object]) -> Iterator[str]:
    """Name the parameters that a row does not name and that are not at our defaults."""
    (fields,) = (spec.params.model_fields for spec in BUILT_IN if spec.name == row.method)
    for name, field in fields.items():
        ours = params.get(name, field.default)
        if name not in {"dropout", *row.params} and ours != field.default:
            yield f"ours with {name} {_shown(ours)}"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(_shown, values))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value)
