"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 2.0
"""How often a full disk is tried again."""

TAIL = 20
"""Lines of a log that a record keeps."""


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path | str) -> str:
    """Read a file of UTF-8 in a third of the time of `read_text`; raises OSError or ValueError."""
    with open(path, "rb") as file:  # noqa: PTH123 (a Path takes longer than the file)
        return file.read().decode("utf-8")


def publish_once(source: Path, target: Path) -> bool:
    """Give `source` the name `target` if that name is free; False if somebody was first.

    A hard link is atomic on network file systems too, where O_EXCL and locks are not.
    """
    with contextlib.suppress(FileExistsError):
        os.link(source, target)
        return True
    return False


def patiently(write: Callable[[], T]) -> T:
    """Write; while the disk is full, wait for room and try again. Raises other errors at once."""
    while True:
        try:
            return write()
        except OSError as error:
            if not is_full(error):
                raise
        time.sleep(PAUSE_SECONDS)


def is_full(error: BaseException) -> bool:
    """Say whether an error tells of a full disk, or of a user's share of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def can_link(folder: Path) -> bool:
    """Try whether the file system of `folder` has the hard links that `publish_once` needs."""
    file, link = (folder / f".link-{secrets.token_hex(4)}" for _ in range(2))
    file.touch()
    try:
        os.link(file, link)
    except OSError:
        return False
    finally:
        file.unlink()
        link.unlink(missing_ok=True)
    return True


def time_of(folder: Path) -> float:
    """Ask the file system of a folder for the time, in seconds since the epoch.

    Hosts that share it have clocks of their own. For a folder that cannot be written it is this
    host's.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return os.fstat(probe.fileno()).st_mtime
    except OSError:
        return time.time()


def tail(log: Path) -> str:
    """Give the last lines of a log; empty if there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-TAIL:])


def new_token() -> str:
    """Make a name that sorts by time and is unique."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
