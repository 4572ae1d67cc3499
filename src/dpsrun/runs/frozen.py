"""The base of every record that is read from or written to a file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable, strictly typed record; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def canonical(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Write a JSON value in its one canonical form: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, length: int = 64) -> str:  # noqa: ANN401 (any JSON value)
    """Hash a JSON value: the first `length` hexadecimal digits of its SHA-256."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:length]
