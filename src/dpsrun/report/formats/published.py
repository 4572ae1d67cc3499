"""Published results beside ours: a table and notes for people, lines for a spreadsheet; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsrun.report.analysis.reproduction import Reproduction
from dpsrun.report.formats.tables import Lines, described, points, signed

PUBLISHED_COLUMNS = (
    *("grid", "scenario", "model", "method", "task", "metric"),
    *("ours_n", "ours_expected", "ours_mean", "ours_sd", "ours_median", "ours_max"),
    *("published_n", "published_mean", "published_sd", "published_median", "published_max"),
    *("difference", "source", "arxiv", "row", "differences", "notes"),
)


def beside_published(found: Iterable[Reproduction]) -> Lines:
    """Give the table of our scores beside published ones, and their differences in points."""
    header = ["task", "metric", "model", "method", "ours", "published", "difference", "source"]
    return header, [
        [
            *(each.task, each.metric, each.model, each.method),
            described(each.ours, each.expected),
            _published(each),
            signed(each.difference),
            _source(each),
        ]
        for each in found
    ]


def published_notes(found: Iterable[Reproduction]) -> list[str]:
    """Say of each published row how it was made otherwise, and what is odd about it."""
    notes: dict[str, None] = {}
    tasks: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        if each.study.note:
            notes[f"{each.study.source}, arXiv {each.study.arxiv}: {each.study.note}"] = None
        words = " ".join([*_differences(each), *_remarks(each)])
        tasks.setdefault((_source(each), each.method, words), []).append(each.task)
    return [
        *notes,
        *(
            f"{source}, beside our {method} ({', '.join(own)}): {words}"
            for (source, method, words), own in tasks.items()
            if words
        ),
    ]


def published_lines(grid: str, found: Iterable[Reproduction]) -> Iterator[dict[str, object]]:
    """Give our scores beside published ones, raw in natural units; None for what is not known."""
    for each in found:
        ours, published = each.ours, each.published
        yield {
            "grid": grid,
            "scenario": each.scenario,
            "model": each.model,
            "method": each.method,
            "task": each.task,
            "metric": each.metric,
            "ours_n": ours.n,
            "ours_expected": each.expected,
            "ours_mean": ours.mean,
            "ours_sd": ours.sd,
            "ours_median": ours.median,
            "ours_max": ours.max,
            "published_n": each.study.seeds,
            "published_mean": published.mean,
            "published_sd": published.sd,
            "published_median": published.median,
            "published_max": published.max,
            "difference": each.difference,
            "source": each.study.source,
            "arxiv": each.study.arxiv,
            "row": each.row.name,
            "differences": "; ".join(each.differences),
            "notes": " ".join([each.study.note, *_remarks(each)]).strip(),
        }


def _source(each: Reproduction) -> str:
    return f"{each.study.source}, {each.row.name}"


def _differences(each: Reproduction) -> list[str]:
    return [f"{'; '.join(each.differences)}."] if each.differences else []


def _remarks(each: Reproduction) -> list[str]:
    return [note for note in (each.row.note, each.published.note) if note]


def _published(each: Reproduction) -> str:
    score, seeds = each.published, each.study.seeds
    spread = "" if score.sd is None else f" ± {points(score.sd)}"
    return f"{points(score.mean)}{spread} ({f'n={seeds}' if seeds else 'n not stated'})"
