"""Settings laid over one another, each remembering where it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dpsrun.config.yaml import Key

RIVALS = {"epochs": "max_steps", "max_steps": "epochs"}
"""Two ways to say how long to train: the later one replaces the earlier."""


@dataclass(frozen=True)
class Layer:
    """Some settings.

    Attributes:
        values: what was written, by key.
        places: where each was written; what was laid on last comes last.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Key] = field(default_factory=dict)

    @classmethod
    def at(cls, values: Mapping[str, Any], place: Key) -> Layer:
        """Take the settings of the mapping at `place`."""
        return cls(values, {name: (*place, name) for name in values})

    def under(self, other: Layer) -> Layer:
        """Lay `other` over these settings."""
        rivals = (RIVALS.get(name) for name, value in other.values.items() if value is not None)
        gone = {*other.values, *rivals}
        values = {name: value for name, value in self.values.items() if name not in gone}
        places = {name: place for name, place in self.places.items() if name not in gone}
        return Layer(values | dict(other.values), places | dict(other.places))

    def blamed(self, message: str, otherwise: Key) -> Key:
        """Guess which setting a message is about: the last one written that it names."""
        words = set(re.findall(r"\w+", message))
        named = [place for name, place in self.places.items() if name in words]
        return (named or [otherwise])[-1]
