"""The console script, and `python -m dpsrun`."""

import signal


def main() -> None:
    """Load the command line and run it; Ctrl-C while it loads ends it without a traceback."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dpsrun.cli.app import main as run  # noqa: PLC0415 (what takes its time)

    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
