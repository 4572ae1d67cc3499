"""All numbers of a report for programs: `report.json`; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dpsrun.report.findings import Findings
from dpsrun.report.formats.comparison_notes import comparison_notes
from dpsrun.report.formats.published import published_lines
from dpsrun.report.formats.raw import (
    budget_lines,
    comparison_lines,
    noise_lines,
    source_lines,
    standing_lines,
)
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.tables import outcomes
from dpsrun.report.notes import notes

ENCODED = json.JSONEncoder(allow_nan=False).encode

Record = Mapping[str, Any]
"""What `record` gives."""


def document(told: Record) -> str:
    """Write `report.json`, an entry a line; raises ValueError for a number that JSON has not."""
    parts = (f"{ENCODED(name)}: {_spread(value)}" for name, value in told.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _spread(value: object) -> str:
    if not isinstance(value, list) or not value:
        return ENCODED(value)
    lines = ",\n".join(map(ENCODED, value))
    return f"[\n{lines}\n]"


def record(found: Findings) -> Record:
    """Give everything, raw, in natural units; scores of single runs included."""
    report = found.report
    return {
        "grid": report.grid,
        "selection": found.wishes.selection,
        "tuned": sorted(found.wishes.tuned),
        "references": [
            {"scenario": scenario, "model": model, "method": row.method}
            for (scenario, model), row in found.references.items()
        ],
        "tasks": [vars(each) for each in found.measures],
        "outcomes": outcomes(report),
        **numbers(report),
        "comparisons": list(comparison_lines(found)),
        "conditions": [vars(each) for each in found.contrasts],
        "mixtures": [vars(each) for each in found.mixtures],
        "overall": list(standing_lines(found)),
        "budgets": list(budget_lines(found)),
        "example_noise": list(noise_lines(found)),
        "variance_sources": list(source_lines(found)),
        "published": list(published_lines(report.grid, found.reproductions)),
        "notes": list(dict.fromkeys([*notes(report, found.measures), *comparison_notes(found)])),
    }
