"""Vanilla fine-tuning acts nowhere."""

from __future__ import annotations

from dpsrun.methods.hooks import Hooks
from dpsrun.methods.spec import Params


class VanillaHooks(Hooks[Params]):
    """The step as it is."""
