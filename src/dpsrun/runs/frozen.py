"""The base of every record that is read from or written to a file."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable, strictly typed record; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    LATER: ClassVar[frozenset[str]] = frozenset()
    """Fields that came after the first release."""

    def content(self) -> dict[str, Any]:
        """Give all that identifies this record, as JSON values.

        Fields that came later are left out while they have their default, so that what was hashed
        before there were any keeps its hash.
        """
        dumped = self.model_dump(mode="json")
        defaults = {name: type(self).model_fields[name].default for name in self.LATER}
        return {
            name: value
            for name, value in dumped.items()
            if name not in defaults or getattr(self, name) != defaults[name]
        }


def canonical(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Write a JSON value in its one canonical form: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, length: int = 64) -> str:  # noqa: ANN401 (any JSON value)
    """Hash a JSON value: the first `length` hexadecimal digits of its SHA-256."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:length]
