"""`python -m tests.standin`: the command line, with the stand-in in place."""

import tests.standin.training  # noqa: F401 (puts it in place)
from dpsrun.cli.app import main

main()
