"""A strict reader of YAML: plain data only, nothing guessed, every value with its line.

Numbers are YAML 1.2's (`1e-5` is a float; `1:30`, `0x1F` and `1_000` are text), only true and false
are booleans (`no` and `on` are text), a number with a leading zero and a repeated key are errors,
tags cannot name types, and aliases cannot blow a small file up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from dpsrun.errors import ConfigError, Problem

Key = tuple[str | int, ...]
"""Where a value stands: the mapping keys and list indices that lead to it."""

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 20

TAG = "tag:yaml.org,2002:"
PATTERNS = {
    f"{TAG}null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
    f"{TAG}bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    f"{TAG}int": re.compile(r"[-+]?[0-9]+\Z"),
    f"{TAG}float": re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"),
    f"{TAG}str": re.compile(r".*\Z", re.DOTALL),
}
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
SURROGATE = re.compile("[\ud800-\udfff]")
ODD_BREAK = re.compile("[\x85\u2028\u2029]")
PATTERN_HINT = " (put quotes around a pattern that begins with *)"
HINTS = {
    "'\\t'": " (indent with spaces, not tabs)",
    "an alias": PATTERN_HINT,
    "undefined alias": PATTERN_HINT,
}
"""A sign in the parser's message -> what most likely went wrong."""


@dataclass(frozen=True)
class Document:
    """A file's content as plain data.

    Attributes:
        file: its name, for messages.
        data: the mapping at its top.
        lines: the line (from 1) of every key and list item.
        faults: what is wrong with single values and keys; those count as left out.
    """

    file: str
    data: dict[str, Any]
    lines: Mapping[Key, int]
    faults: tuple[Problem, ...] = ()

    def known(self, key: Key) -> Key:
        """Give the longest beginning of `key` that stands in the file."""
        while key and key not in self.lines:
            key = key[:-1]
        return key

    def problem(self, key: Key, message: str) -> Problem:
        """Word a fault of the value at `key`, with the line of what stands nearest to it."""
        return Problem(self.file, self.lines.get(self.known(key)), written(key), message)


def written(key: Key) -> str:
    """Write a key path as people do: `methods[1].drop_fraction`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in key]
    return "".join(parts).removeprefix(".")


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(name)


def parse(content: bytes, file: str) -> Document:
    """Read the text of a grid file; raises ConfigError if nothing can be made of it."""
    text = _text(content, file)
    builder = _Builder(file)
    data = builder.build(_node(text, file), ())
    if not isinstance(data, dict):
        shape = Problem(file, 1, "", "must be a mapping: lines of `key: value`")
        raise ConfigError(builder.problems or [shape])
    return Document(file, data, builder.lines, tuple(builder.problems))


def _text(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(file, 1, "", "is too large for a grid file (over 1 MB)")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(file, line, "", "is not UTF-8 text")]) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if odd := ODD_BREAK.search(text):
        message = f"is not valid YAML: a line break that editors do not count, {odd[0]!a}"
        raise ConfigError([Problem(file, _line(text, odd.start()), "", message)])
    return text


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


class _Loader(yaml.SafeLoader):
    """Composes nodes, not too many, with our own idea of which plain words are numbers."""

    yaml_implicit_resolvers = {}
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        if self.nodes > 2 * MAX_VALUES:  # a key and a value each
            raise ValueError("too many values")
        return super().compose_node(parent, index)


for _tag, _pattern in PATTERNS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, None)


def _node(text: str, file: str) -> yaml.Node:
    try:
        return _composed(_Loader(text), file)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(error, text, file)]) from error


def _composed(loader: _Loader, file: str) -> yaml.Node:
    message = "is empty: a grid names tasks, models, methods and seeds"
    try:
        if node := loader.get_single_node():
            return node
    except RecursionError:
        message = "is nested too deeply"
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        message = f"is not valid YAML: {error}"
    finally:
        loader.dispose()
    raise ConfigError([Problem(file, loader.line + 1, "", message)])


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        message = "is not valid YAML: a character that is not printable"
        return Problem(file, _line(text, error.position), "", message)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = " ".join(filter(None, (getattr(error, "context", ""), getattr(error, "problem", ""))))
    hint = next((words for sign, words in HINTS.items() if sign in said), "")
    return Problem(file, mark.line + 1 if mark else None, "", f"is not valid YAML: {said}{hint}")


class _Builder:
    """Turns nodes into plain data, noting lines and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.lines: dict[Key, int] = {}
        self.values = 0

    def fault(self, key: Key, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, written(key), message))

    def build(self, node: yaml.Node, key: Key) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(key, line)
        self.values += 1
        if len(key) > MAX_DEPTH or self.values > MAX_VALUES:
            much = "is nested too deeply" if len(key) > MAX_DEPTH else "holds too many values"
            raise ConfigError([Problem(self.file, line, written(key[:3]), much)])
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            return [self.build(item, (*key, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in PATTERNS:
            return self._scalar(node, key)
        tag = node.tag.replace(TAG, "!!")
        self.fault(key, line, f"the tag {tag} is not allowed: a grid file holds plain data only")
        return None

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, object]:
        content: dict[str, object] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if name.tag != f"{TAG}str" or not isinstance(name.value, str):
                self.fault(key, line, f"a key must be text, not {_kind(name)}")
            elif name.value == "<<":
                self.fault(key, line, "merge keys (<<) are not supported: write the keys out")
            elif name.value in content:
                first = self.lines[*key, name.value]
                self.fault((*key, name.value), line, f"duplicate key: line {first} has it too")
            elif SURROGATE.search(name.value):
                self.fault(key, line, "a key holds half a character (a lone surrogate)")
            else:
                self.lines[*key, name.value] = line
                content[name.value] = self.build(value, (*key, name.value))
        return content

    def _scalar(self, node: yaml.ScalarNode, key: Key) -> object:
        try:
            return _plain(node.tag, node.value)
        except ValueError as error:
            self.fault(key, node.start_mark.line + 1, str(error))
            return None


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"{node.value!r} (put quotes around it)"
    return "a list or a mapping"


def _plain(tag: str, text: str) -> object:
    """Read one scalar; raises ValueError, worded for the user."""
    if not PATTERNS[tag].match(text):
        raise ValueError(f"{text!r} does not fit its tag {tag.replace(TAG, '!!')}")
    if SURROGATE.search(text):
        raise ValueError("holds half a character (a lone surrogate)")
    return READERS[tag](text)


def _integer(text: str) -> int:
    if LEADING_ZERO.match(text):
        sign, digits = text[0].strip("0123456789"), text.lstrip("+-0") or "0"
        raise ValueError(f"a number must not begin with 0: write {sign}{digits}, or {text!r}")
    if len(text) > 30:  # noqa: PLR2004 (beyond any seed; Python refuses 4,300 digits)
        raise ValueError("this number is too large")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a number")
    return number


READERS: dict[str, Callable[[str], object]] = {
    f"{TAG}null": lambda _: None,
    f"{TAG}bool": lambda text: text.lower() == "true",
    f"{TAG}int": _integer,
    f"{TAG}float": _number,
    f"{TAG}str": str,
}
