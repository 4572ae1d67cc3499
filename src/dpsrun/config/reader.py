"""Reads the parts of one grid file and gathers what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dpsrun.config.schema import GridFile, worded
from dpsrun.config.yaml import Document, Key
from dpsrun.errors import Problem, UserError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Reader:
    """One file on its way to a grid. A part with a fault is left out and the reading goes on.

    Attributes:
        document: the file.
        problems: what was found so far.
        sections: the top-level parts whose outer shape is right.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = [*document.faults]
        self.broken: set[str] = set()
        self.sections = self._sections()

    def _sections(self) -> dict[str, Any]:
        """Keep what has the right outer shape, so that its inside can be checked too."""
        data = self.document.data
        try:
            return dict(GridFile.model_validate(data))
        except ValidationError as error:
            self.problems += worded(error, GridFile, self.document, ())
            self.broken = {str(entry["loc"][0]) for entry in error.errors()}
        defaults = {name: part.default for name, part in GridFile.model_fields.items()}
        empty: dict[str, Any] = dict.fromkeys(self.broken & defaults.keys())
        kept = {name: value for name, value in data.items() if name not in self.broken}
        return {**defaults, **kept, **empty}

    def fault(self, key: Key, message: str) -> None:
        """Note a problem; the section that it is in no longer counts as sound."""
        self.problems.append(self.document.problem(self.document.known(key), message))
        self._breaks(key)

    def sound(self, *sections: str) -> bool:
        """Say whether nothing was wrong in these sections so far."""
        return self.broken.isdisjoint(sections)

    def items(self, section: str) -> Iterator[tuple[Key, Any]]:
        """Give the items of a list with their places; a lone value is a list of one."""
        content = self.sections[section]
        if content is not None and not isinstance(content, list):
            content = [content]
        for index, item in enumerate(content or ()):
            yield (section, index), item

    def mapping(self, section: str) -> Mapping[str, Any]:
        """Give a section that is a mapping; empty if it is faulty."""
        return self.sections[section] or {}

    def look_up(self, find: Callable[[str], T], name: str, place: Key) -> T | None:
        """Look a name up; None, and the problem noted, if there is no such thing."""
        try:
            return find(name)
        except UserError as error:
            self.fault(place, str(error))
            return None

    def check(self, model: type[M], value: object, place: Key) -> M | None:
        """Read one part strictly; None, and the problems noted, if it does not fit."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.problems += worded(error, model, self.document, place)
            self._breaks(place)
            return None

    def check_settings(
        self, model: type[BaseModel], values: Mapping[str, Any], place: Key, *, owner: str = ""
    ) -> None:
        """Note what is wrong with single settings.

        Whether they go together is asked once all layers lie over one another.
        """
        try:
            model.model_validate(values)
        except ValidationError as error:
            found = worded(error, model, self.document, place, owner)
            entries = zip(found, error.errors(), strict=True)
            single = [problem for problem, entry in entries if entry["loc"]]
            self.problems += single
            if single:
                self._breaks(place)

    def unique(self, named: Iterable[tuple[str, Key]], what: str, hint: str = "") -> None:
        """Note every name that comes a second time."""
        first: dict[str, Key] = {}
        for name, place in named:
            if name in first:
                line = self.document.lines.get(self.document.known(first[name]))
                self.fault(place, f"duplicate {what} {name!r}: line {line} has it too{hint}")
            first.setdefault(name, place)

    def _breaks(self, key: Key) -> None:
        if key:
            self.broken.add(str(key[0]))
