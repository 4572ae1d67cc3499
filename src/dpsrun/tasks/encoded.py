"""Tokenised examples as flat arrays, so that a worker maps them and copies nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """One split of one task, tokenised, special tokens included.

    Attributes:
        tokens: `[all tokens]` int32, the examples one after the other.
        segments: `[all tokens]` int8, 0 for the first text and 1 for the second.
        offsets: `[examples + 1]` int64; example i is `tokens[offsets[i]:offsets[i + 1]]`.
        labels: `[examples]` int64 classes or float32 scores.
        index: `[examples]` int64, the row of each example in its data set.
    """

    tokens: NDArray[np.int32]
    segments: NDArray[np.int8]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64] | NDArray[np.float32]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Give the number of tokens of each example, `[examples]`."""
        return np.diff(self.offsets)
