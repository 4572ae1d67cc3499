"""`python -m tests.storm RESULTS`."""

import sys
from pathlib import Path

from tests.storm.launcher import launch

sys.exit(launch(Path(sys.argv[1])))
