"""Where the files lie that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""

EXPERIMENTS = ROOT / "experiments"

SHARED = ROOT.parent / "shared"
"""Real data beside the checkout; what needs it is skipped where it is absent."""
