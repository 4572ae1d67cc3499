"""The one door to the model and data hub; whoever comes through gets a local folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal


class HubError(Exception):
    """The hub gave nothing; its text says why, in one line."""


def fetch(
    repository: str,
    *,
    kind: Literal["model", "dataset"],
    revision: str | None,
    patterns: Sequence[str],
) -> Path:
    """Give the local snapshot of a hub repository, fetching the files that match `patterns`.

    What is cached serves without a network; a download is announced, unless files that match the
    first pattern are here. Raises HubError if the repository cannot be had.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants  # noqa: PLC0415 (slow, and rarely needed)

    if not (constants.HF_HUB_OFFLINE or _cached(repository, kind, revision, patterns)):
        sys.stderr.write(f"fetching {repository} from the hub\n")
    return _snapshot(repository, kind, revision, patterns)


def _cached(repository: str, kind: str, revision: str | None, patterns: Sequence[str]) -> bool:
    """A snapshot may be here without these files: then another task's data were fetched."""
    try:
        folder = _snapshot(repository, kind, revision, patterns, local_files_only=True)
    except HubError:
        return False
    return any(folder.glob(patterns[0]))


def _snapshot(
    repository: str,
    kind: str,
    revision: str | None,
    patterns: Sequence[str],
    *,
    local_files_only: bool = False,
) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        folder = snapshot_download(
            repository,
            repo_type=kind,
            revision=revision,
            allow_patterns=list(patterns),
            local_files_only=local_files_only,
        )
    except Exception as error:  # the hub's client raises errors of many families
        raise HubError(" ".join(str(error).split()) or type(error).__name__) from error
    return Path(folder)
