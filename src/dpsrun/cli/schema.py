"""`dpsrun schema`: the JSON schema with which an editor helps to write a grid file."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON schema of a grid file, for editors; it knows every installed method."""
    from dpsrun.config.editor import schema as made
    from dpsrun.methods import registry
    from dpsrun.report.terminal import print_json

    print_json(made(registry.specs().values()))
