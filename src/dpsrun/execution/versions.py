"""The versions that results depend on, found without importing what they name."""

from __future__ import annotations

import socket
from importlib.metadata import version

from dpsrun import __version__
from dpsrun.errors import UserError


def versions() -> str:
    """Name them; how torch was built (`+cpu`) is told by the device, not by its version."""
    others = (f"{name} {version(name).partition('+')[0]}" for name in ("torch", "transformers"))
    return ", ".join([f"dpsrun {__version__}", *others])


def check(wanted: str | None) -> None:
    """Raise UserError unless those here are the wanted ones, if any are named."""
    if wanted not in {None, here := versions()}:
        words = f"{socket.gethostname()} has {here}; the runs were submitted with {wanted}"
        raise UserError(f"{words}; results of both do not belong into one table")
