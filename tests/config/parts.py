"""Valid grid files, and where the parts of each stand in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import yaml

from tests.config.grids import FULL
from tests.places import EXPERIMENTS

COMMENT = re.compile(r" *#.*")

Span = tuple[int, int]
"""Where a part of a text begins and ends."""


class Pair(NamedTuple):
    """A key and its value; `flow` where they stand in braces."""

    key: Span
    value: Span
    flow: bool

    @property
    def span(self) -> Span:
        return self.key[0], self.value[1]


class Original(NamedTuple):
    """A valid grid file."""

    text: str
    pairs: tuple[Pair, ...]
    scalars: tuple[Span, ...]

    def at(self, span: Span) -> str:
        return self.text[slice(*span)].strip()


@cache
def originals() -> tuple[Original, ...]:
    """Read grid files that come with the project, and one that uses every section."""
    files = (EXPERIMENTS / f"{name}.yaml" for name in ("demo", "glue-minilm"))
    texts = (COMMENT.sub("", file.read_text(encoding="utf-8")) for file in files)
    return tuple(_dissected(text) for text in (*texts, FULL))


def _dissected(text: str) -> Original:
    top = yaml.compose(text, yaml.SafeLoader)
    assert top is not None
    nodes = list(_inside(top))
    pairs = [
        Pair(_span(key), _span(value), bool(node.flow_style))
        for node in nodes
        if isinstance(node, yaml.MappingNode)
        for key, value in node.value
    ]
    scalars = [_span(node) for node in nodes if isinstance(node, yaml.ScalarNode)]
    return Original(text, tuple(pairs), tuple(scalars))


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    """Give a node and all below it but for the keys."""
    yield node
    for item in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from _inside(item[1] if isinstance(item, tuple) else item)


def _span(node: yaml.Node) -> Span:
    return node.start_mark.index, node.end_mark.index
