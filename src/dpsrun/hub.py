"""The one door to the model and data hub; whoever comes through gets a local folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Literal

Kind = Literal["model", "dataset"]
COMMIT = re.compile(r"[0-9a-f]{40}")
PATIENCE_SECONDS = 5.0

ABSENT = "it is not in the cache; run dpsrun prepare where there is a network"


class HubError(Exception):
    """The hub gave nothing; its text says why, in one line."""


@dataclass(frozen=True)
class Repository:
    """What is asked for: `revision` is a branch, a tag or a commit; None means the newest."""

    kind: Kind
    id: str
    revision: str | None = None


@dataclass
class Access:
    """On which terms the hub is used.

    Attributes:
        online: whether the hub may be asked; else the cache alone serves.
        commits: the commit that a repository stands for, where that is settled.
        folders: the local snapshot of every repository that was asked for; named by its commit.
    """

    online: bool = True
    commits: dict[Repository, str] = field(default_factory=dict)
    folders: dict[Repository, Path] = field(default_factory=dict)


_ACCESS: ContextVar[Access | None] = ContextVar("access", default=None)


@contextmanager
def using(access: Access) -> Iterator[None]:
    """Use the hub on these terms within the block; outside, it is asked for what is newest."""
    token = _ACCESS.set(access)
    try:
        yield
    finally:
        _ACCESS.reset(token)


def fetch(repository: str, *, kind: Kind, revision: str | None, patterns: Sequence[str]) -> Path:
    """Give the local snapshot of a hub repository, fetching the files that match `patterns`.

    What is cached serves without a network; a download is announced, unless files that match the
    first pattern are here. Raises HubError if the repository cannot be had.
    """
    asked = Repository(kind, repository, revision)
    access = _ACCESS.get() or Access()
    wanted = Repository(kind, repository, access.commits.get(asked, revision))
    folder = _cached(wanted, patterns)
    if access.online:
        if folder is None and not _switched_off():
            sys.stderr.write(f"fetching {repository} from the hub\n")
        folder = _snapshot(wanted, patterns)
    if folder is None:
        raise HubError(ABSENT)
    access.folders[asked] = folder
    access.commits[asked] = folder.name
    return folder


def cache_folder() -> Path:
    """Where snapshots are kept: `hub` in `$HF_HOME`, unless `$HF_HUB_CACHE` says otherwise."""
    return Path(_library().constants.HF_HUB_CACHE)


def unreachable() -> str | None:
    """Say in one line why the hub does not answer; None if it does."""
    if _switched_off():
        return "HF_HUB_OFFLINE is set"
    endpoint = _library().constants.ENDPOINT
    try:
        answer = _library().utils.get_session().head(endpoint, timeout=PATIENCE_SECONDS)
    except Exception as error:  # noqa: BLE001 (of many families, as below)
        return f"{endpoint}: {_line(error)}"
    return f"{endpoint}: status {answer.status_code}" if answer.is_server_error else None


def _switched_off() -> bool:
    return bool(_library().constants.HF_HUB_OFFLINE)


def _library() -> ModuleType:
    """Load the hub's client, which is slow and rarely needed; it reads its settings only once."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub.constants  # noqa: PLC0415
    import huggingface_hub.utils  # noqa: PLC0415

    return huggingface_hub


def _cached(wanted: Repository, patterns: Sequence[str]) -> Path | None:
    """A snapshot may be here without these files: then another task's data were fetched."""
    try:
        folder = _snapshot(wanted, patterns, local_files_only=True)
    except _NotHereError:
        return None
    return folder if any(folder.glob(patterns[0])) else None


class _NotHereError(HubError):
    """The hub, or the cache, does not have it."""


def _snapshot(
    wanted: Repository, patterns: Sequence[str], *, local_files_only: bool = False
) -> Path:
    try:
        folder = _library().snapshot_download(
            wanted.id,
            repo_type=wanted.kind,
            revision=wanted.revision,
            allow_patterns=list(patterns),
            local_files_only=local_files_only,
        )
    except Exception as error:  # the hub's client raises errors of many families
        raise _NotHereError(_line(error)) from error
    return _confined(Path(folder))


def _confined(snapshot: Path) -> Path:
    """Refuse a snapshot through which files outside its repository's folder would be read."""
    if not COMMIT.fullmatch(snapshot.name):
        raise HubError(f"{snapshot} is not named by a commit")
    repository = snapshot.parents[1].resolve()
    for path in chain([snapshot], snapshot.rglob("*")):
        if not path.resolve().is_relative_to(repository):
            raise HubError(f"{path} is a link that leads out of the cache: {path.resolve()}")
    return snapshot


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
