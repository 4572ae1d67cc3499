"""Fingerprints of file contents, remembered by path, size and modification time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import digest

MEMORY = "fingerprints.json"


def cache_folder() -> Path:
    """Where tokens and fingerprints are kept: `$DPSRUN_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("DPSRUN_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dpsrun"


def fingerprint(files: Iterable[Path], cache: Path) -> str:
    """Hash names and contents of `files`; raises OSError if one cannot be read."""
    memory = _recall(cache / MEMORY)
    known = dict(memory)
    digests = [[path.name, _content(path, known)] for path in sorted(files)]
    if known != memory:
        cache.mkdir(parents=True, exist_ok=True)
        write_whole(cache / MEMORY, json.dumps(known, indent=0, sort_keys=True))
    return digest(digests)


def _recall(path: Path) -> dict[str, str]:
    """Read what is remembered; a damaged memory is an empty one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _content(path: Path, known: dict[str, str]) -> str:
    stat = path.stat()
    key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    if key not in known:
        with path.open("rb") as stream:
            known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return known[key]
