"""Files of examples in text formats and Parquet, read row by row, each row with its place."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO

from dpsrun.errors import nearest

Column = str | int
Values = Mapping[Column, Any]

PARQUET = ".parquet"
JSON_LINES = (".jsonl", ".ndjson", ".json")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
KINDS = (*DELIMITERS, *JSON_LINES, PARQUET)


class UnreadableError(Exception):
    """A file is not what its name promises; the text says where and what."""


@dataclass(frozen=True)
class Layout:
    """How a file holds examples.

    Attributes:
        text: the columns of the texts: names, or positions in a file without a header.
        label: the column of the class or score.
        kind: the suffix of its format, where that of its name misleads.
        quoted: whether the fields of a TSV file may stand in quotation marks; those of CSV may.
        careful: whether rows with too few or too many fields, and empty texts, are refused. Else
            rows that lack something are left out, as the hub's loader of GLUE did
            (github.com/huggingface/datasets, datasets/glue/glue.py at 02bb18c).
    """

    text: tuple[Column, ...]
    label: Column
    kind: str = ""
    quoted: bool = False
    careful: bool = False


@dataclass(frozen=True)
class Table:
    """A file being read: the names or positions of its columns, and its rows with their places."""

    columns: Sequence[Column]
    rows: Iterator[tuple[str, Values]]


def kind(path: Path) -> str:
    """Give the suffix that names the format, without that of a compressed file."""
    return Path(path.stem if path.suffix == ".gz" else path.name).suffix.lower()


@contextmanager
def opened(path: Path, layout: Layout) -> Iterator[Table]:
    """Open a file for reading; raises UnreadableError, then and while its rows are read."""
    form = layout.kind or kind(path)
    if form not in KINDS:
        raise UnreadableError(f"files of this kind are not read; {nearest(form, KINDS)}")
    try:
        if form == PARQUET:
            yield _parquet(path, (*layout.text, layout.label))
            return
        with _text(path) as stream:
            if form in JSON_LINES:
                yield _json_lines(stream, layout)
            else:
                yield _delimited(stream, DELIMITERS[form], layout)
    except UnicodeDecodeError:
        raise UnreadableError(_undecodable(path)) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableError(f"damaged gzip file: {error}") from None


def _text(path: Path) -> TextIO:
    """Open without translating the ends of lines: the csv module does that."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    stream: TextIO = opener(path, "rt", encoding="utf-8-sig", newline="")
    return stream


def _undecodable(path: Path) -> str:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    stream: IO[bytes]
    with opener(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{line[error.start]:02x}"
                return f"line {number}: byte {byte} is not UTF-8; save the file as UTF-8"
    return "it is not UTF-8; save the file as UTF-8"


def _delimited(stream: TextIO, delimiter: str, layout: Layout) -> Table:
    quoting = layout.quoted or delimiter == ","
    reader = csv.reader(
        stream,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    records = _records(reader)
    if isinstance(layout.label, int):
        width = max(layout.label, *(name for name in layout.text if isinstance(name, int))) + 1
        return Table(range(width), _rows(records, range(width), layout))
    _, header = next(records, (1, []))
    for name in (*layout.text, layout.label):
        if header.count(str(name)) > 1:
            raise UnreadableError(f"two columns are called {name!r}")
    return Table(header, _rows(records, header, layout))


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 (csv hides its type)
    """Give the rows that are not empty, each with the number of its first line."""
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"line {line}: {error}") from None


def _rows(
    records: Iterator[tuple[int, list[str]]], columns: Sequence[Column], layout: Layout
) -> Iterator[tuple[str, Values]]:
    for line, fields in records:
        if layout.careful and len(fields) != len(columns):
            found = f"{len(fields)} fields, where the header has {len(columns)}"
            hint = "quote a text that holds the delimiter"
            raise UnreadableError(f"line {line}: {found}; {hint}")
        yield f"line {line}", dict(zip(columns, fields, strict=False))


def _json_lines(stream: TextIO, layout: Layout) -> Table:
    """Take the keys of the first object for the columns; all have a label, or none has."""
    objects = _objects(stream)
    start = next(objects, None)
    columns = list(start[1]) if start else []

    def rows() -> Iterator[tuple[str, Values]]:
        for place, row in itertools.chain([start] if start else [], objects):
            if layout.label in row and layout.label not in columns:
                raise UnreadableError(f"{place}: has {layout.label!r}, which the first line lacks")
            yield place, row

    return Table(columns, rows())


def _objects(stream: TextIO) -> Iterator[tuple[str, Values]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", error)
            raise UnreadableError(f"line {number}: no JSON object: {reason}") from None
        if not isinstance(value, dict):
            found = type(value).__name__
            raise UnreadableError(
                f"line {number}: expected one JSON object a line, found a {found}"
            )
        yield f"line {number}", value


def _parquet(path: Path, wanted: Sequence[Column]) -> Table:
    import pyarrow as pa  # noqa: PLC0415 (slow, and not needed for the other formats)
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            table = file.read(columns=[name for name in wanted if name in columns])
    except pa.ArrowException as error:
        raise UnreadableError(f"no readable Parquet file: {error}") from None
    rows = ((f"row {number}", row) for number, row in enumerate(table.to_pylist()))
    return Table(columns, rows)
