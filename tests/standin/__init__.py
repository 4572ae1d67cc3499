"""The command line with a stand-in for what needs torch: training.

Processes, leases, files, signals and all that is printed are real; scores follow from a run's id.
"""

from __future__ import annotations

import sys

from tests.places import ROOT

EXTRA = ROOT / "tests" / "extra"
"""Methods that behave badly, in a package of their own."""

PROGRAM = (sys.executable, "-m", "tests.standin")
"""Takes the words of `dpsrun`; Python has to find what lies in `ROOT`."""
