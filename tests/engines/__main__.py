"""`python -m tests.engines`: the command line with stand-ins for what needs torch."""

import tests.engines.standin  # noqa: F401 (puts the stand-ins in place)
from dpsrun.cli.app import main

main()
