"""The one door to the model and data hub; whoever comes through gets a local folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


class HubError(Exception):
    """The hub gave nothing; its text says why, in one line."""


def fetch(
    repository: str,
    *,
    kind: Literal["model", "dataset"],
    revision: str | None,
    patterns: list[str],
) -> Path:
    """Give the local snapshot of a hub repository, fetching the files that match `patterns`.

    What is cached serves without a network. Raises HubError if the repository cannot be had.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (slow, and rarely needed)

    try:
        folder = snapshot_download(
            repository, repo_type=kind, revision=revision, allow_patterns=patterns
        )
    except Exception as error:  # the hub's client raises errors of many families
        raise HubError(" ".join(str(error).split()) or type(error).__name__) from error
    return Path(folder)
