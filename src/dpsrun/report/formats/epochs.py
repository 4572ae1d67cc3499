"""Which epoch scores are of, in words."""

from __future__ import annotations

from collections.abc import Mapping

from dpsrun.report.aggregate import Selection

IN_SHORT: Mapping[Selection, str] = {
    "last": "last epoch",
    "best": "best epoch (optimistic)",
    "held-out": "held-out epoch",
}

AT_LENGTH: Mapping[Selection, str] = {
    "last": "after the last epoch",
    "best": "of the best epoch, selected on the very examples that give them, which is optimistic",
    "held-out": "of the best epoch, selected by half of the examples and taken on the other half",
}
