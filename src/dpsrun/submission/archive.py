"""The zip of a submission: written with the same bytes each time, read back and checked."""

from __future__ import annotations

import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dpsrun.errors import UserError
from dpsrun.submission.files import FILES, HEADER, File

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can state."""

UNIX, READABLE = 3, 0o644 << 16

BY_NAME = {file.name: file for file in FILES}


def write(path: Path, predictions: Mapping[str, Sequence[str]]) -> None:
    """Write a submission, whole and checked, or not at all.

    `predictions`: name of a file -> words or scores in the order of the test set.
    Raises UserError if the place cannot be written.
    """
    try:
        _write_whole(path, predictions)
    except OSError as error:
        raise UserError(f"--out {path}: cannot be written: {error.strerror or error}") from error


def _write_whole(path: Path, predictions: Mapping[str, Sequence[str]]) -> None:
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in sorted(predictions):
                archive.writestr(_entry(name), _text(predictions[name]))
        validate(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _entry(name: str) -> zipfile.ZipInfo:
    """Describe a file without anything that differs from day to day or host to host."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = UNIX
    entry.external_attr = READABLE
    return entry


def _text(predictions: Sequence[str]) -> str:
    rows = (f"{index}\t{prediction}" for index, prediction in enumerate(predictions))
    return "".join(f"{line}\n" for line in (HEADER, *rows))


def validate(path: Path) -> tuple[str, ...]:
    """Read a submission back and name its files.

    Raises:
        UserError: the server would not take it; every fault with its file and row.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = tuple(archive.namelist())
            faults = [*_name_faults(names), *_content_faults(archive, names)]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: no zip of text files: {error}") from error
    if faults:
        raise UserError("\n".join(f"{path}: {fault}" for fault in faults))
    return names


def _name_faults(names: Sequence[str]) -> Iterator[str]:
    if not names:
        yield "holds no files"
    for name in dict.fromkeys(names):
        if name not in BY_NAME:
            yield f"{name}: the server knows no such file; it takes {', '.join(BY_NAME)}"
        if names.count(name) > 1:
            yield f"{name}: stands there {names.count(name)} times"


def _content_faults(archive: zipfile.ZipFile, names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if file := BY_NAME.get(name):
            lines = archive.read(name).decode().split("\n")
            if fault := _fault(lines, file):
                yield f"{name}: {fault}"


def _fault(lines: Sequence[str], file: File) -> str | None:
    """Find the first thing in a file that the server would not take."""
    header, *rows, end = lines if len(lines) > 1 else (*lines, "")
    if header != HEADER or end:
        return f"must begin with the line {HEADER!r} and end with a line break"
    if len(rows) != file.rows:
        return f"has {len(rows)} predictions, the server wants {file.rows}"
    for number, row in enumerate(rows):
        index, tab, prediction = row.partition("\t")
        if not tab or index != str(number):
            return f"row {number}: must be {number}, a tab and a prediction; found {row!r}"
        if not file.allows(prediction):
            allowed = " or ".join(file.words) or "a score from 0.000 to 5.000"
            return f"row {number}: {prediction!r} is not {allowed}"
    return None
