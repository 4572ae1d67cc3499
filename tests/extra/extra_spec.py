"""Methods of another package that behave badly, for the tests of what the tool does then."""

from __future__ import annotations

from dpsrun.methods.spec import MethodSpec, Params


def _spec(name: str, summary: str, hooks: str) -> MethodSpec:
    return MethodSpec(name, summary, sources=(), params=Params, hooks=f"extra_hooks:{hooks}")


RAISES = _spec("raises", "Fails in its second step.", "Raises")
NOT_A_NUMBER = _spec("not-a-number", "Has a loss that is not a number in its second step.", "Nan")
WAITS = _spec("waits", "Waits for a signal if EXTRA_WAIT names a folder.", "Waits")
HUNGRY = _spec("hungry", "Takes four examples at a time, at most.", "Hungry")
FILLS = _spec("fills", "Fills the disk in its second step.", "Fills")
