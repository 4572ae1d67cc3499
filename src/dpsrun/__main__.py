"""`python -m dpsrun` is the console script."""

from dpsrun.cli.app import main

if __name__ == "__main__":
    main()
