"""DPS Dense never changes the forward pass; only gradients are masked."""

from __future__ import annotations

from dpsrun.methods.dps.hooks import DpsHooks
from dpsrun.methods.dps_dense.spec import DenseParams


class DenseHooks(DpsHooks[DenseParams]):
    """All gradients in stage I, those of the selected entries in stage II."""
