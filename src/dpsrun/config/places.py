"""Where models and data lie: as a grid file says it, and as the command line corrects it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dpsrun.hub import COMMIT

PACKAGE = "package:"
HUB = re.compile(r"[\w.-]+(?:/[\w.-]+)?(?:@[\w./-]+)?\Z", re.ASCII)
"""A hub id, perhaps with a revision."""


@dataclass(frozen=True)
class ModelEntry:
    """An encoder of a grid.

    Attributes:
        label: what the tables call it.
        source: `package:name`, an absolute folder, or a hub id.
        revision: of the hub id; None for the newest and for all others.
        preset: name of the published settings that it takes; empty for none.
        remote_code: whether code that it brings may be run.
    """

    label: str
    source: str
    revision: str | None = None
    preset: str = ""
    remote_code: bool = False

    def moved(self, place: str) -> ModelEntry:
        """Give the same entry, found at another settled place."""
        source, revision = split(place)
        return replace(self, source=source, revision=revision)


def settle(text: str, base: Path) -> str:
    """Make a place independent of where we stand: folders become absolute.

    Raises ValueError, worded for the user, for what is neither a folder, a package nor a hub id.
    """
    if text.startswith(PACKAGE) and text.removeprefix(PACKAGE).isidentifier():
        return text
    if text.isprintable() and text.startswith((".", "/", "~")):
        return _absolute(base / _home(text))
    if not HUB.match(text):
        raise ValueError(
            f"{text!r} is neither a hub id (owner/name), a folder (./name) "
            "nor an installed package (package:name)"
        )
    is_folder = os.path.isdir(base / text)  # noqa: PTH112 (no error where a name is too long)
    return _absolute(base / text) if is_folder else text


def _absolute(path: Path) -> str:
    """Resolve a path but for its last name: a link's own name is the label that a user expects."""
    if path.name == "..":
        return os.path.realpath(path)
    return str(Path(os.path.realpath(path.parent)) / path.name)


def _home(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{text!r}: there is no such home folder") from error


def split(place: str) -> tuple[str, str | None]:
    """Split a settled place into source and revision; only hub ids have one."""
    if place.startswith((PACKAGE, "/")):
        return place, None
    source, _, revision = place.partition("@")
    return source, revision or None


def is_commit(revision: str | None) -> bool:
    """Say whether a revision is a full commit, which nobody can move."""
    return bool(revision and COMMIT.fullmatch(revision))


def short(source: str) -> str:
    """Give the usual label of a model: the last part of its path or id."""
    return source.removeprefix(PACKAGE).rpartition("/")[2]


def pairs(words: Iterable[str], option: str) -> list[tuple[str, str]]:
    """Read `NAME=PLACE` from the command line, folders relative to where the user stands.

    Raises ValueError, worded for the user.
    """
    found = []
    for word in words:
        name, equals, place = word.partition("=")
        if not (name and equals and place):
            raise ValueError(f"{option} {word}: write {option} NAME=PLACE")
        found.append((name, settle(place, Path.cwd())))
    return found
